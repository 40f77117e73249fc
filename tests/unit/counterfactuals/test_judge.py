"""Margins and probabilities by hand."""

import numpy as np
import pytest

from directrix.counterfactuals.judge import judge
from directrix.errors import InvalidField
from directrix.predictors.linear import card
from directrix.types import ImageCard, PredictorCard, ScoreKind, Scorer

IMAGE = ImageCard(channels=1, height=2, width=2)
CARD = card("judge", IMAGE, ["boot", "bag", "coat"])
BASE = np.array([2.0, 1.0, 0.0])
SCORES = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 2.0], [0.0, 1.0, 4.0]], np.float32)


def probable() -> PredictorCard:
    scorers = tuple(Scorer(name=n, kind=ScoreKind.PROBABILITY) for n in ("yes", "no"))
    return CARD.model_copy(update={"scorers": scorers})


def test_a_named_target() -> None:
    judging = judge(CARD, 0, BASE, "bag", 0.0)
    assert judging.source == 0
    assert judging.margin(SCORES).tolist() == [-1, 1, -3]
    assert judging.holds(SCORES).tolist() == [False, True, False]
    assert judging.target_of(SCORES).tolist() == [1, 1, 1]
    wanted = np.exp(3) / np.exp([1, 3, 2]).sum()
    assert judging.probability_of(SCORES)[1] == pytest.approx(wanted)


def test_any_other_class() -> None:
    judging = judge(CARD, 0, BASE, "", 0.0)
    assert judging.margin(SCORES).tolist() == [-1, 2, 4]
    assert judging.target_of(SCORES).tolist() == [1, 1, 2]
    assert judging.holds(SCORES).tolist() == [False, True, True]


def test_a_tie_is_no_flip() -> None:
    assert not judge(CARD, 0, BASE, "bag", 0.0).holds(np.ones((1, 3)))[0]


def test_a_probability_has_to_be_reached_too() -> None:
    judging = judge(CARD, 0, BASE, "", 0.9)
    reached = judging.probability_of(SCORES)
    assert judging.holds(SCORES).tolist() == [False, False, True]
    assert (judging.slack(SCORES) > 0).tolist() == (reached > 0.9).tolist()


def test_slack_goes_on_rising_where_probabilities_saturate() -> None:
    judging = judge(CARD, 0, BASE, "bag", 0.5)
    far = judging.slack(np.array([[800.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 900.0, 0.0]]))
    assert np.isfinite(far).all()
    assert (np.diff(far) > 0).all()


def test_probabilities_are_taken_as_they_are() -> None:
    judging = judge(probable(), 0, np.array([0.7, 0.3]), "no", 0.0)
    assert judging.probability_of(np.array([[0.25, 0.75]]))[0] == 0.75


def test_scores_are_not_written_to() -> None:
    scores = SCORES.copy()
    judging = judge(CARD, 0, BASE, "", 0.0)
    judging.margin(scores), judging.target_of(scores), judging.slack(scores)
    assert np.array_equal(scores, SCORES)


def test_unknown_classes_and_regressors_are_refused() -> None:
    with pytest.raises(InvalidField, match="boot, bag, coat"):
        judge(CARD, 0, BASE, "shoe", 0.0)
    with pytest.raises(InvalidField, match="no classifier"):
        judge(CARD.model_copy(update={"task": "regressor"}), 0, BASE, "", 0.0)
    with pytest.raises(InvalidField, match="no classifier"):
        judge(card("one", IMAGE, ["boot"]), 0, BASE[:1], "", 0.0)
