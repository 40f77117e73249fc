"""Verdicts: whether classifiers say of a reconstruction what they say of the picture."""

from collections.abc import Sequence

import numpy as np

from directrix.errors import PredictorMismatch
from directrix.v1 import editing_service_pb2 as pb
from services.gateway.lookups import PredictorEntry


def check_classifiers(predictors: Sequence[PredictorEntry]) -> None:
    """Raises PredictorMismatch, naming the first one that says no class."""
    for predictor in predictors:
        if predictor.card.task != "classifier":
            raise PredictorMismatch(
                f"{predictor.name} is a {predictor.card.task}: a label takes a classifier",
                predictor=predictor.name,
            )


def verdicts(scores: np.ndarray, classifiers: Sequence[PredictorEntry]) -> list[pb.LabelVerdict]:
    """scores [2, K]: of the picture and of its reconstruction, all classifiers side by side."""
    edges = np.cumsum([len(c.scorers) for c in classifiers])[:-1]
    parts = np.split(scores, edges, axis=1) if len(classifiers) else []
    return [_verdict(c, part) for c, part in zip(classifiers, parts, strict=True)]


def _verdict(classifier: PredictorEntry, scores: np.ndarray) -> pb.LabelVerdict:
    before, after = (_label(classifier.scorers, row) for row in scores)
    return pb.LabelVerdict(
        classifier=classifier.name,
        label=before,
        reconstruction_label=after,
        label_kept=before == after,
    )


def _label(scorers: Sequence[str], logits: np.ndarray) -> str:
    if len(scorers) == 1:
        return scorers[0] if logits[0] > 0 else ""
    return scorers[int(logits.argmax())]
