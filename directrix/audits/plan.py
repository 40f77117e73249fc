"""AuditPlan: an audit in units that can be computed one by one and kept.

Unit 0 looks at the pictures as they are; then comes one unit a finding, one for every ten random
findings, one for global directions, one for every picture whose explanation is tried for stability,
and one for real images where there are any. A unit may read what the units before it gave.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from directrix.audits import directions, stability
from directrix.audits.answers import columns_of, log_odds
from directrix.audits.flips import Groups, Table
from directrix.audits.measure import measure
from directrix.audits.question import AuditQuestion
from directrix.audits.span import regions
from directrix.audits.walks import Walks
from directrix.errors import FindingMismatch, InvalidField, PredictorMismatch
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.types import Audit

GROUP = 10
"""Random findings a unit."""

Parts = Sequence[Mapping[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class AuditPlan:
    """What to compute, and how to read it.

    Raises InvalidField, PredictorMismatch where a reference or rival does not know the classes, and
    FindingMismatch for findings of another generator.
    """

    question: AuditQuestion
    generator: Generator
    predictors: tuple[Predictor, ...]

    def __post_init__(self) -> None:
        question = self.question
        for place in (question.classifier, question.reference, question.rival):
            if place is not None and not 0 <= place < len(self.predictors):
                raise InvalidField(f"there is no predictor {place}", field="classifier")
        card = self.predictors[question.classifier].card
        if card.task != "classifier" or len(card.scorers) < 2:
            raise InvalidField(f"predictor {card.name} is no classifier", field="classifier")
        for place in (question.reference, question.rival):
            if place is not None and columns_of(self.classes, self.predictors[place].card) is None:
                raise PredictorMismatch(
                    f"predictor {self.predictors[place].card.name} does not know all classes of "
                    f"{card.name}: {', '.join(self.classes)}"
                )
        for scores in (*question.allowed_scores, *question.groups):
            if not 0 <= scores.predictor < len(self.predictors):
                raise InvalidField(f"there is no predictor {scores.predictor}", field="scores")
            for scorer in scores.scorers:
                self.predictors[scores.predictor].index(scorer)
        for findings in question.finding_sets:
            if findings.provenance.generator != self.generator.card.digest:
                raise FindingMismatch(
                    f"the findings belong to generator {findings.provenance.generator}, "
                    f"not {self.generator.card.digest}"
                )

    @property
    def classes(self) -> tuple[str, ...]:
        return self.predictors[self.question.classifier].scorers

    @cached_property
    def walks(self) -> Walks:
        return Walks(self.question, self.generator, self.predictors)

    @cached_property
    def _ends(self) -> tuple[int, int, int, int, int]:
        """Where each kind of unit ends."""
        question = self.question
        moved = 1 + len(self.walks.joined)
        chance = moved + -(-question.random_findings // GROUP)
        tried = chance + 1 + min(question.explained, question.count)
        return moved, chance, chance + 1, tried, tried + (question.images is not None)

    @property
    def units(self) -> int:
        return self._ends[-1]

    def compute(
        self, unit: int, parts: Parts, stop: Callable[[], None] = lambda: None
    ) -> dict[str, np.ndarray]:
        """One unit; parts: what the units before it gave, in their order. `stop` may raise."""
        moved, chance, directed, tried, _ = self._ends
        walks = self.walks
        if unit == 0:
            return walks.still(stop)
        if unit < moved:
            return walks.moved(unit - 1, parts[0]["images"], stop)
        if unit < chance:
            first = (unit - moved) * GROUP
            last = min(first + GROUP, self.question.random_findings)
            return walks.chance(range(first, last), stop)
        if unit < directed:
            return directions.search(walks, self.table(parts), stop)
        if unit < tried:
            return stability.explained(walks, unit - directed, stop)
        return self._compare(parts[0]["images"], stop)

    def measure(self, parts: Parts) -> Audit:
        """The audit, from what all units gave."""
        moved, chance, directed, tried, _ = self._ends
        return measure(
            self.walks,
            self.table(parts),
            self._groups(parts[0]["scores"]),
            parts[0],
            parts[1:moved],
            np.concatenate([part["scores"] for part in parts[moved:chance]]),
            parts[chance],
            parts[directed:tried],
            parts[tried] if self.question.images is not None else None,
        )

    def table(self, parts: Parts) -> Table:
        """The classifier's log odds, still and moved."""
        card = self.predictors[self.question.classifier].card
        own = self.walks.columns(self.question.classifier)
        still = log_odds(card, parts[0]["scores"][:, own])
        moved = [log_odds(card, part["scores"][..., own]) for part in parts[1 : self._ends[0]]]
        question = self.question
        return Table(
            self.classes, still, np.stack(moved), question.steps, question.target_probability
        )

    def _groups(self, scores: np.ndarray) -> Groups:
        """Everyone, then the subgroups: by a scorer's sign, or by class."""
        names, members = [""], [np.ones(len(scores), bool)]
        for asked in self.question.groups:
            predictor = self.predictors[asked.predictor]
            own = scores[:, self.walks.columns(asked.predictor)]
            for scorer in asked.scorers:
                above = own[:, predictor.index(scorer)] > 0
                names += [f"{scorer} +", f"{scorer} -"]
                members += [above, ~above]
            if not asked.scorers:
                names += list(predictor.scorers)
                members += [own.argmax(1) == k for k in range(len(predictor.scorers))]
        return Groups(tuple(names), np.stack(members))

    def _compare(self, inversions: np.ndarray, stop: Callable[[], None]) -> dict[str, np.ndarray]:
        """Real images against their inversions: `regions` and what is kept."""
        images, question = self.question.images, self.question
        assert images is not None
        walks = self.walks

        def says(pictures: np.ndarray, predictor: int = question.classifier) -> np.ndarray:
            stop()
            scores = walks.renderer.judge(pictures)[:, walks.columns(predictor)]
            known = columns_of(self.classes, self.predictors[predictor].card)
            return np.asarray(scores[:, known].argmax(1))

        kept = says(images) == says(inversions)
        found = {"size": np.zeros(len(images), int), "rate": np.zeros(len(images))}
        lost = np.flatnonzero(~kept)
        part = regions(images[lost], inversions[lost], says)
        found["heat"] = np.zeros((len(images), *part["heat"].shape[1:]))
        for name in found:
            found[name][lost] = part[name]
        apart = (images.astype(np.float64) - inversions) / 127.5
        found |= {"kept": kept, "errors": np.square(apart).mean((1, 2, 3))}
        if question.reference is not None:
            trusted = says(images, question.reference) == says(inversions, question.reference)
            found["trusted"] = trusted
        return found
