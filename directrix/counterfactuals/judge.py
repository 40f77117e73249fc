"""What counts as a flip: margins and probabilities of one classifier for one question."""

from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField
from directrix.types import PredictorCard, ScoreKind


@dataclass(frozen=True)
class Judge:
    """Reads the scores [N, K] of a classifier.

    source: the class of the image as it is. target: the class to reach, or None for any other.
    probability: to be reached as well, 0 where the flip is enough.
    """

    card: PredictorCard
    source: int
    target: int | None
    probability: float

    def target_of(self, scores: np.ndarray) -> np.ndarray:
        """[N]: the target, or the best class other than the source."""
        if self.target is not None:
            return np.full(len(scores), self.target)
        return _without(scores, self.source).argmax(1)

    def margin(self, scores: np.ndarray) -> np.ndarray:
        """[N]: the target's score minus the best other; above 0 the target wins."""
        if self.target is None:
            return _without(scores, self.source).max(1) - scores[:, self.source]
        return scores[:, self.target] - _without(scores, self.target).max(1)

    def probability_of(self, scores: np.ndarray) -> np.ndarray:
        """[N]: the probability of the target (softmax of logits)."""
        return self._probabilities(scores)[np.arange(len(scores)), self.target_of(scores)]

    def holds(self, scores: np.ndarray) -> np.ndarray:
        """[N]: whether the question's target is reached."""
        return (self.margin(scores) > 0) & (self.probability_of(scores) >= self.probability)

    def slack(self, scores: np.ndarray) -> np.ndarray:
        """[N]: how near a target is, to rank attempts; rises towards it and goes on rising."""
        margin = self.margin(scores)
        if self.probability == 0:
            return margin
        reached = np.clip(self.probability_of(scores), 1e-300, 1 - 1e-16)
        wanted = np.log(self.probability) - np.log1p(-self.probability)
        return np.minimum(margin, np.log(reached) - np.log1p(-reached) - wanted)

    def _probabilities(self, scores: np.ndarray) -> np.ndarray:
        scores = scores.astype(np.float64)
        if all(scorer.kind is ScoreKind.PROBABILITY for scorer in self.card.scorers):
            return scores
        powers = np.exp(scores - scores.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)


def judge(card: PredictorCard, base: np.ndarray, target: str, probability: float) -> Judge:
    """For the scores [K] of the image as it is.

    Raises InvalidField where the predictor is no classifier or has no class of that name.
    """
    classes = [scorer.name for scorer in card.scorers]
    if card.task != "classifier" or len(classes) < 2:
        raise InvalidField(
            f"predictor {card.name} is no classifier: nothing can flip", field="classifier"
        )
    if target and target not in classes:
        raise InvalidField(
            f"classifier {card.name} has no class {target!r}: it has {', '.join(classes)}",
            field="target",
        )
    wanted = classes.index(target) if target else None
    return Judge(card, int(base.argmax()), wanted, probability)


def _without(scores: np.ndarray, column: int) -> np.ndarray:
    scores = scores.astype(np.float64)
    scores[:, column] = -np.inf
    return scores
