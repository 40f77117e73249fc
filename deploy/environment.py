"""`python deploy/environment.py`: deploy/environment.example, every setting with its sentence."""

import ast
import inspect
from pathlib import Path

from services.settings import Settings

PAGE = Path(__file__).with_name("environment.example")


def page() -> str:
    """One variable a setting, with its default and what the class says of it."""
    lines = ["# Settings of every service. Made by `python deploy/environment.py`.", ""]
    said = _sentences()
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        secret = getattr(default, "get_secret_value", None)
        lines += [f"# {line}" for line in said.get(name, "").splitlines()]
        lines += [f"#DIRECTRIX_{name.upper()}={secret() if secret else default}", ""]
    return "\n".join(lines)


def _sentences() -> dict[str, str]:
    """Setting -> the string below it in the source of the class."""
    (tree,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for node, after in zip(tree.body, tree.body[1:], strict=False):
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[node.target.id] = inspect.cleandoc(str(after.value.value))
    return found


if __name__ == "__main__":
    PAGE.write_text(page())
