"""Answers: scores of one classifier as probabilities, log odds and classes."""

from collections.abc import Sequence

import numpy as np

from directrix.types import PredictorCard, ScoreKind

LEAST = 1e-6
"""Probabilities below it are not told apart."""


def probabilities(card: PredictorCard, scores: np.ndarray) -> np.ndarray:
    """Scores [..., K] -> probabilities [..., K] that sum to 1 (softmax of logits)."""
    scores = scores.astype(np.float64)
    if all(scorer.kind is ScoreKind.PROBABILITY for scorer in card.scorers):
        return scores
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def log_odds(card: PredictorCard, scores: np.ndarray) -> np.ndarray:
    """Log probabilities [..., K] less their mean over the classes."""
    logs = np.log(np.maximum(probabilities(card, scores), LEAST))
    return logs - logs.mean(-1, keepdims=True)


def variation(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Total-variation distance of probabilities [..., K]: [...], in [0, 1]."""
    return np.abs(after - before).sum(-1) / 2


def margin(odds: np.ndarray, source: int, target: int | None) -> np.ndarray:
    """Log odds [..., K] -> [...]: above 0 the target (None: any other class) beats all others."""
    if target is None:
        return np.delete(odds, source, -1).max(-1) - odds[..., source]
    return odds[..., target] - np.delete(odds, target, -1).max(-1)


def slack(
    odds: np.ndarray, source: int, target: int | None, probability: float = 0.0
) -> np.ndarray:
    """As `margin`, but above 0 only where the class that wins also has this probability."""
    found = margin(odds, source, target)
    if probability == 0:
        return found
    wanted = np.log(probability) - np.log1p(-probability)
    return np.minimum(found, _logit(odds, source, target) - wanted)


def _logit(odds: np.ndarray, source: int, target: int | None) -> np.ndarray:
    """log(p / (1 - p)) of the target, or of the best class other than the source."""
    logs = odds - _log_sum(odds)[..., None]
    own = logs[..., target] if target is not None else np.delete(logs, source, -1).max(-1)
    own = np.minimum(own, np.log1p(-1e-12))
    return np.asarray(own - np.log(-np.expm1(own)))


def _log_sum(logs: np.ndarray) -> np.ndarray:
    """log of the sum of exp over the last axis."""
    most = logs.max(-1)
    return np.asarray(most + np.log(np.exp(logs - most[..., None]).sum(-1)))


def columns_of(classes: Sequence[str], card: PredictorCard) -> list[int] | None:
    """Where a card has these classes, or None where it lacks one."""
    names = [scorer.name for scorer in card.scorers]
    if any(name not in names for name in classes):
        return None
    return [names.index(name) for name in classes]
