"""Every method has its page, and the page tells its parameters as they are."""

from pathlib import Path

import pytest

from directrix import methods

PAGES = Path(__file__).parents[3] / "docs" / "methods"


def parameter_table(name: str) -> str:
    """One line a parameter, as the page of the method holds it."""
    fields = methods.get(name).Params.model_fields
    lines = ["| parameter | default | what it is |", "|---|---|---|"]
    for key, field in fields.items():
        default = getattr(field.default, "value", field.default)
        spelled = list(default) if isinstance(default, tuple) else default
        lines.append(f"| `{key}` | `{spelled}` | {field.description} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", methods.names())
def test_the_page_tells_the_parameters(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text()
    assert parameter_table(name) in page
    assert f"directrix discover run {name}" in page
    assert "arXiv" in page
