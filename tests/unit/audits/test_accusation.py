"""Suspects among made-up changes of log odds, whose steady parts are known."""

import numpy as np
import pytest

from directrix.audits.accusation import LEAST, judge
from directrix.audits.reliance import Changes, account, beyond, interval, steady

PICTURES, CLASSES = 64, 2


def noise(seed: int, findings: int, size: float) -> np.ndarray:
    """[F, n, K]: rough and not steady, opposite for the two classes."""
    chance = np.random.Generator(np.random.Philox(seed))
    one = size * chance.standard_normal((findings, PICTURES, 1))
    return np.concatenate([one, -one], 2)


def made(seed: int, sizes: list[float], allowed: list[float] | None = None) -> Changes:
    """Findings of these steady sizes beside roughness, and scores that are allowed to tell them."""
    base = np.array(sizes)[:, None, None] * np.array([1.0, -1.0]) / np.sqrt(2)
    own = base + noise(seed, len(sizes), 0.2)
    if allowed is None:
        return Changes(own, np.zeros((len(sizes), PICTURES, 0)), 1.0)
    told = np.array(allowed)[:, None, None] + 0.1 * noise(seed + 1, len(sizes), 1.0)[..., :1]
    return Changes(own, told, 1.0)


def test_steady_size_is_right_and_roughness_is_not_steady() -> None:
    sizes = steady(made(0, [0.0, 0.5, 2.0]).own)
    assert sizes == pytest.approx([0.0, 0.5, 2.0], abs=0.08)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    held = [low <= 0.5 <= high for low, high in
            (interval(made(seed, [0.5]).own[0], seed) for seed in range(200))]  # fmt: skip
    assert 0.88 <= np.mean(held) <= 0.99


def test_what_allowed_scores_tell_is_taken_away_and_nothing_else() -> None:
    changes = made(3, [1.0, -0.6, 0.8], allowed=[1.0, -0.6, 0.0])
    chance = made(5, [0.3, -0.2, 0.1, 0.4], allowed=[0.3, -0.2, 0.1, 0.4])
    left = steady(beyond(changes, account(changes, chance)))
    assert left[:2].max() < 0.2
    assert left[2] == pytest.approx(0.8, abs=0.1)


def test_nobody_is_accused_of_less_than_is_worth_it_or_than_chance_gives() -> None:
    quiet = made(1, [0.0] * 20)
    small = judge(made(2, [LEAST - 0.1, 0.1]), quiet, np.ones(2))
    assert not small.accused.any()
    loud = made(4, list(np.linspace(-1, 1, 20)))
    assert not judge(made(2, [0.9, 0.1]), loud, np.ones(2)).accused.any()


def test_a_decoy_is_not_accused_though_it_is_as_strong() -> None:
    changes = made(6, [1.0, 0.9, 0.0])
    changes.own[1] = 0.9 * changes.own[0] + noise(9, 1, 0.1)[0]
    found = judge(changes, made(7, [0.0] * 20), np.array([1.0, 2.0, 1.0]))
    assert found.accused.tolist() == [True, False, False]
    assert found.partial[0] == 1
    assert found.partial[1] < 0.2


def test_of_two_that_do_the_same_the_one_that_changes_less_is_first() -> None:
    changes = made(6, [1.0, 1.0])
    changes.own[1] = changes.own[0]
    chance = made(7, [0.0] * 20)
    assert judge(changes, chance, np.array([3.0, 1.0])).order.tolist() == [2, 0]
    assert judge(changes, chance, np.array([1.0, 3.0])).order.tolist() == [0, 2]


def test_two_causes_are_both_accused_in_order() -> None:
    chance = np.random.Generator(np.random.Philox(1)).standard_normal(PICTURES) > 0
    changes = made(8, [1.0, 0.8])
    changes.own[0] *= 2 * chance[:, None]
    changes.own[1] *= 2 * ~chance[:, None]
    found = judge(changes, made(7, [0.0] * 20), np.ones(2))
    assert found.order.tolist() == [0, 1]


def test_allowed_findings_are_not_accused_and_excuse_what_is_alike() -> None:
    changes = made(6, [1.0, 0.9])
    changes.own[1] = 0.9 * changes.own[0]
    found = judge(changes, made(7, [0.0] * 20), np.ones(2), allowed=[0])
    assert not found.accused.any()
