"""What counts as a flip: margins and probabilities of one classifier for one question."""

from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField
from directrix.types import PredictorCard, ScoreKind

LENT = 4.0
"""Logits of slack that an SD beyond a tolerance costs, in the ranking of attempts."""


@dataclass(frozen=True)
class Hold:
    """A score that must not change: by more than `tolerance` SD from where it is.

    column: among the scores of all predictors. deviation: the population's SD of it, above 0.
    """

    column: int
    deviation: float
    tolerance: float


@dataclass(frozen=True, eq=False)
class Judge:
    """Reads the scores [N, K] of all predictors, the classifier's from column `first` on.

    base: the scores [K] of the image as it is. source: its class. target: the class to reach, or
    None for any other. probability: to be reached as well, 0 where the flip is enough.
    """

    card: PredictorCard
    first: int
    base: np.ndarray
    source: int
    target: int | None
    probability: float
    hold: tuple[Hold, ...] = ()

    def target_of(self, scores: np.ndarray) -> np.ndarray:
        """[N]: the target, or the best class other than the source."""
        if self.target is not None:
            return np.full(len(scores), self.target)
        return _without(self._own(scores), self.source).argmax(1)

    def margin(self, scores: np.ndarray) -> np.ndarray:
        """[N]: the target's score minus the best other; above 0 the target wins."""
        own = self._own(scores)
        if self.target is None:
            return _without(own, self.source).max(1) - own[:, self.source]
        return own[:, self.target] - _without(own, self.target).max(1)

    def probability_of(self, scores: np.ndarray) -> np.ndarray:
        """[N]: the probability of the target (softmax of logits)."""
        chances = self._probabilities(self._own(scores))
        return chances[np.arange(len(scores)), self.target_of(scores)]

    def holds(self, scores: np.ndarray) -> np.ndarray:
        """[N]: whether the question's target is reached, and nothing has changed that must not."""
        reached = (self.margin(scores) > 0) & (self.probability_of(scores) >= self.probability)
        return reached & (self.excess(scores) == 0)

    def slack(self, scores: np.ndarray) -> np.ndarray:
        """[N]: how near a target is, to rank attempts; rises towards it and goes on rising."""
        margin = self.margin(scores)
        if self.probability > 0:
            reached = np.clip(self.probability_of(scores), 1e-300, 1 - 1e-16)
            wanted = np.log(self.probability) - np.log1p(-self.probability)
            margin = np.minimum(margin, np.log(reached) - np.log1p(-reached) - wanted)
        return margin - LENT * self.excess(scores)

    def excess(self, scores: np.ndarray) -> np.ndarray:
        """[N]: by how many SD, in all, scores have changed beyond what is tolerated."""
        excess = np.zeros(len(scores))
        for held in self.hold:
            change = scores[:, held.column].astype(np.float64) - self.base[held.column]
            excess += np.maximum(np.abs(change) / held.deviation - held.tolerance, 0)
        return excess

    def _own(self, scores: np.ndarray) -> np.ndarray:
        return scores[:, self.first : self.first + len(self.card.scorers)]

    def _probabilities(self, scores: np.ndarray) -> np.ndarray:
        scores = scores.astype(np.float64)
        if all(scorer.kind is ScoreKind.PROBABILITY for scorer in self.card.scorers):
            return scores
        powers = np.exp(scores - scores.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)


def judge(
    card: PredictorCard,
    first: int,
    base: np.ndarray,
    target: str,
    probability: float,
    hold: tuple[Hold, ...] = (),
) -> Judge:
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
    source = int(base[first : first + len(classes)].argmax())
    return Judge(card, first, base.astype(np.float64), source, wanted, probability, hold)


def _without(scores: np.ndarray, column: int) -> np.ndarray:
    scores = scores.astype(np.float64)
    scores[:, column] = -np.inf
    return scores
