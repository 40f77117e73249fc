import pytest
import typer

from directrix.cli import arguments
from directrix.client import Change


def test_moves_and_findings_take_full_names_too():
    full = "projects/default/findingSets/f1"
    assert arguments.move(f"{full}:3:-1.5") == (full, 3, -1.5)
    assert arguments.move("f1:3:raise=1.5") == ("f1", 3, Change(1.5))
    assert arguments.finding("f1:3") == ("f1", 3)
    assert arguments.strengths("-3,0,1.5") == [-3, 0, 1.5]


@pytest.mark.parametrize("text", ["", "f1", "f1:1", ":1:2", "f1:x:1", "f1:1:x", "f1:1:raise=x"])
def test_what_is_no_move(text):
    with pytest.raises(typer.BadParameter, match="SET:INDEX:ALPHA"):
        arguments.move(text)


def test_parameters_are_json_where_they_can_be():
    texts = ["a=1", "b=0.5", "c=true", "d=[1, 2]", "e=word", "f=a=b"]
    assert arguments.parameters(texts) == {
        "a": 1,
        "b": 0.5,
        "c": True,
        "d": [1, 2],
        "e": "word",
        "f": "a=b",
    }
    with pytest.raises(typer.BadParameter):
        arguments.parameters(["=1"])


def test_budgets() -> None:
    assert arguments.budget(["seconds=3600", "images=1e5"]) == {"seconds": 3600.0, "images": 1e5}
    for text in ("seconds", "seconds=soon", "euros=3"):
        with pytest.raises(typer.BadParameter):
            arguments.budget([text])


def test_priorities() -> None:
    assert arguments.priority("high") == "high"
    with pytest.raises(typer.BadParameter):
        arguments.priority("highest")
