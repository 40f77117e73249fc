"""Resource names, and the one project that there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directrix.errors import InvalidField, ProjectNotFound
from services.gateway.names import Names

NAMES = Names("default")


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True))
def test_ids_come_back(id: str) -> None:
    assert NAMES.model(NAMES.of("models", id)) == id
    assert NAMES.finding_set(NAMES.of("findingSets", id)) == id
    assert NAMES.operation(NAMES.of("operations", id)) == id


@pytest.mark.parametrize(
    "name",
    [
        "",
        "models/a",
        "projects/default/models/",
        "projects/default/models/..",
        "projects/default/models/a/b",
        "projects/default/models/a\n",
        "projects/default/findingSets/a",
        "/projects/default/models/a",
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidField) as caught:
        NAMES.model(name, "generator")
    assert caught.value.field == "generator"


def test_other_projects_do_not_exist() -> None:
    with pytest.raises(ProjectNotFound):
        NAMES.model("projects/other/models/a")
    with pytest.raises(ProjectNotFound):
        NAMES.parent("projects/other")
    NAMES.parent("projects/default")
