"""Verdicts: labels before and after, classifier by classifier."""

import numpy as np
import pytest

from directrix.errors import PredictorMismatch
from directrix.predictors import linear
from directrix.types import ImageCard
from services.gateway.lookups import PredictorEntry
from services.gateway.verdicts import check_classifiers, verdicts

IMAGE = ImageCard(channels=1, height=8, width=8)


def entry(name: str, scorers: tuple[str, ...], task: str = "classifier") -> PredictorEntry:
    card = linear.card(name, IMAGE, scorers).model_copy(update={"task": task})
    return PredictorEntry(f"projects/p/models/{name}", "0" * 64, card)


def test_every_classifier_judges_by_its_own_scores():
    classifiers = [entry("clothes", ("shirt", "boot", "bag")), entry("glasses", ("glasses",))]
    scores = np.array([[0.1, 2.0, 0.3, 0.5], [0.1, 1.0, 1.5, -0.5]], np.float32)
    first, second = verdicts(scores, classifiers)
    assert (first.label, first.reconstruction_label, first.label_kept) == ("boot", "bag", False)
    assert (second.label, second.reconstruction_label) == ("glasses", "")
    assert not second.label_kept
    assert second.classifier == "projects/p/models/glasses"
    same = verdicts(scores[[0, 0]], classifiers)
    assert [v.label_kept for v in same] == [True, True]
    assert verdicts(np.empty((2, 0), np.float32), []) == []


def test_what_says_no_class_is_refused():
    with pytest.raises(PredictorMismatch, match="regressor"):
        check_classifiers([entry("ages", ("age",), "regressor")])
