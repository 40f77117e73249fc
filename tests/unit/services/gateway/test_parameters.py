"""Parameters against a schema: defaults, the one spelling of numbers, violations with paths."""

import pytest
from google.protobuf.struct_pb2 import Struct
from pydantic import BaseModel, ConfigDict, Field

from directrix.errors import InvalidField
from services.gateway.parameters import filled


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int = Field(default=8, ge=1, le=64)
    ratio: float = Field(default=1.0, gt=0, lt=10)
    layers: tuple[int, ...] = ()
    name: str | None = Field(default=None, max_length=5)


SCHEMA = Params.model_json_schema()


def struct(values: dict[str, object]) -> Struct:
    given = Struct()
    given.update(values)
    return given


def test_defaults_are_filled_in_and_are_what_the_method_means() -> None:
    values = filled(Struct(), SCHEMA)
    assert values == {"count": 8, "ratio": 1, "layers": [], "name": None}
    assert Params(**values) == Params()


def test_whole_numbers_have_one_spelling() -> None:
    values = filled(struct({"count": 5.0, "ratio": 2.0, "layers": [1.0]}), SCHEMA)
    assert values["count"] == 5
    assert [type(values[n]) for n in ("count", "ratio")] == [int, int]
    assert type(filled(Struct(), SCHEMA)["ratio"]) is int


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"count": 0}, "parameters.count"),
        ({"count": 1.5}, "parameters.count"),
        ({"count": "8"}, "parameters.count"),
        ({"ratio": 10}, "parameters.ratio"),
        ({"ratio": float("nan")}, "parameters.ratio"),
        ({"layers": [1, "two"]}, "parameters.layers[1]"),
        ({"name": "too long"}, "parameters.name"),
        ({"nobody": 1}, "parameters"),
    ],
)
def test_violations_name_the_field_and_the_rule(values: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        filled(struct(values), SCHEMA)
    assert caught.value.field == field
    assert field in caught.value.message


def test_values_are_never_echoed() -> None:
    with pytest.raises(InvalidField) as caught:
        filled(struct({"count": "x" * 9000, "name": "y" * 9000}), SCHEMA)
    assert len(caught.value.violations) == 2
    assert all(len(text) < 200 for _, text in caught.value.violations)
