"""The registry: the folder, third parties, parameters from outside."""

from pathlib import Path

import pytest

from directrix import methods
from directrix.errors import InvalidField, MethodNotFound

METHODS = ("dplase", "ice", "interfacegan", "intervention", "sc2gan", "sefa", "sensitivity")

THIRD_PARTY = '''
from directrix.discovery import DiscoveryMethod, MethodParams, Need
from directrix.types import FindingSet

class Foreign(DiscoveryMethod):
    """Finds nothing, from far away."""
    name = "foreign"
    version = "7"
    needs = frozenset({Need.WEIGHTS})
    Params = MethodParams

    def fit(self, problem):
        return FindingSet((), self.provenance(problem))
'''


def install(place: Path, module: str, source: str, points: str) -> None:
    """A distribution with entry points, as an installer leaves it."""
    (place / f"{module}.py").write_text(source)
    info = place / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[directrix.methods]\n{points}\n")


def test_the_folder_is_the_registry() -> None:
    files = {f.stem for f in Path(methods.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(methods.names()) == files == set(METHODS)
    assert [methods.get(name).name for name in methods.names()] == methods.names()


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(MethodNotFound, match=", ".join(METHODS)):
        methods.get("nothing")


def test_third_parties_plug_in_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "foreign_methods", THIRD_PARTY, "foreign = foreign_methods:Foreign")
    monkeypatch.syspath_prepend(tmp_path)
    assert methods.names() == sorted([*METHODS, "foreign"])
    assert methods.get("foreign").version == "7"
    with pytest.raises(InvalidField, match="foreign has no parameter 'x'"):
        methods.parse("foreign", {"x": 1})


@pytest.mark.parametrize(
    ("source", "point", "why"),
    [
        ("1 / 0", "broken = broken_methods:Foreign", "cannot be imported"),
        (THIRD_PARTY, "broken = broken_methods:Foreign", "no method of that name"),
        ("Foreign = 3", "broken = broken_methods:Foreign", "no method of that name"),
    ],
)
def test_a_broken_plug_in_is_not_listed_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, point: str, why: str
) -> None:
    install(tmp_path, "broken_methods", source, point)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "broken_methods", raising=False)
    assert "broken" not in methods.names()
    with pytest.raises(MethodNotFound, match=why):
        methods.get("broken")


def test_own_methods_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "other_methods", THIRD_PARTY, "sefa = other_methods:Foreign")
    monkeypatch.syspath_prepend(tmp_path)
    assert methods.get("sefa").__module__ == "directrix.methods.sefa"


def test_defaults_are_filled_in_and_whole_floats_are_whole_numbers() -> None:
    parsed = methods.parse("sefa", {"components": 5.0, "layers": [1.0, 3.0]})
    assert parsed.model_dump(mode="json") == {
        "space": "auto",
        "components": 5,
        "layers": [1, 3],
        "normalise": True,
    }


@pytest.mark.parametrize(
    ("name", "given", "field", "allowed"),
    [
        ("sefa", {"components": 5.5}, "parameters.components", "integer"),
        ("sefa", {"components": 65}, "parameters.components", "less than or equal to 64"),
        ("sefa", {"components": float("nan")}, "parameters.components", "finite"),
        ("sefa", {"space": "s"}, "parameters.space", r"'auto', 'z', 'w' or 'w\+'"),
        ("sefa", {"layers": [0, -1]}, "parameters.layers.1", "greater than or equal to 0"),
        ("sefa", {"speed": 1}, "parameters.speed", "components"),
        ("interfacegan", {"fraction": 0.6}, "parameters.fraction", "less than or equal to 0.5"),
        ("interfacegan", {"fraction": float("inf")}, "parameters.fraction", "finite"),
        ("intervention", {"deltas": [1, 0]}, "parameters.deltas", "none of them is 0"),
        ("intervention", {"rule": "best"}, "parameters.rule", "top_k"),
    ],
)
def test_wrong_parameters_are_named_with_what_is_allowed(
    name: str, given: dict[str, object], field: str, allowed: str
) -> None:
    with pytest.raises(InvalidField, match=allowed) as caught:
        methods.parse(name, given)
    assert caught.value.field == field
    assert caught.value.metadata["field"] == field
    assert name in str(caught.value)


def test_messages_do_not_repeat_what_was_sent() -> None:
    with pytest.raises(InvalidField) as caught:
        methods.parse("sefa", {"space": "<script>" * 1000})
    assert "script" not in str(caught.value)
