"""Questions check themselves."""

import pytest

from directrix.counterfactuals import Question
from directrix.errors import InvalidField
from directrix.types import Recipe, SeedSource

RECIPE = Recipe("g", SeedSource(1))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target_probability", 1.0),
        ("target_probability", -0.1),
        ("target_probability", float("nan")),
        ("max_alpha", 0.0),
        ("max_alpha", 101.0),
        ("max_alpha", float("nan")),
        ("budget", 0),
        ("budget", 100_001),
        ("allowed", (1, 1)),
    ],
)
def test_out_of_bounds_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidField) as caught:
        Question(RECIPE, "s", **{field: value})
    assert caught.value.field == field


def test_defaults_are_those_of_the_public_contract() -> None:
    question = Question(RECIPE, "s")
    assert (question.max_alpha, question.budget, question.target) == (6.0, 2000, "")
