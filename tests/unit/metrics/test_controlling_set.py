"""The three rules by hand."""

import numpy as np
import pytest

from directrix.metrics.controlling_set import Rule, controlling_set

IMPORTANCE = np.array([0.1, 4.0, 0.1, 2.0, 1.8, 2.0])


@pytest.mark.parametrize(
    ("rule", "value", "wanted"),
    [
        (Rule.TOP_K, 3, [1, 3, 5]),
        (Rule.TOP_K, 100, [1, 3, 5, 4, 0, 2]),
        (Rule.MASS, 0.4, [1]),
        (Rule.MASS, 0.61, [1, 3, 5]),
        (Rule.MASS, 1.0, [1, 3, 5, 4, 0, 2]),
        (Rule.THRESHOLD, 0.0, [1, 3, 5, 4]),
        (Rule.THRESHOLD, 1.0, [1]),
        (Rule.THRESHOLD, 9.0, [1]),
    ],
)
def test_by_hand(rule: Rule, value: float, wanted: list[int]) -> None:
    assert controlling_set(IMPORTANCE, rule, value).tolist() == wanted


def test_no_importance_at_all_still_gives_one() -> None:
    for rule in Rule:
        assert controlling_set(np.zeros(3), rule, 1.0).tolist()[0] == 0
