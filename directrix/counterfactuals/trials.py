"""Trials: moved images and what the classifier says of them, counted against a budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from directrix.counterfactuals.judge import Judge
from directrix.counterfactuals.question import Progress, Question, Watch, look_away
from directrix.errors import InvalidField
from directrix.rendering import Renderer
from directrix.types import (
    Finding,
    FindingRef,
    Intervention,
    Move,
    Operation,
    Recipe,
    Subspace,
    Units,
)

CHUNK = 16
"""Images between two looks at whether to stop."""


class Spent(Exception):
    """A budget is used up, as its words say; the search ends with what it has."""


@dataclass(frozen=True)
class Axis:
    """One way to move: a finding, or one row of a subspace. reach: the largest |alpha|."""

    index: int
    coefficients: tuple[float, ...]
    reach: float


Point = tuple[tuple[Axis, float], ...]
"""Axes with their alphas: where a trial stands."""


def distance(point: Point) -> float:
    """The length of the movement, in SD."""
    return float(np.sqrt(sum(alpha**2 for _, alpha in point)))


def scaled(point: Point, factor: float) -> Point:
    return tuple((axis, alpha * factor) for axis, alpha in point)


class Trials:
    """Renders points around the question's recipe and counts them."""

    def __init__(
        self,
        question: Question,
        renderer: Renderer,
        stop: Callable[[], None],
        watch: Watch = look_away,
    ):
        self.question, self._renderer, self._stop = question, renderer, stop
        widths = [len(predictor.scorers) for predictor in renderer.predictors]
        if not 0 <= question.classifier < len(widths):
            raise InvalidField("the renderer has no such classifier", field="classifier")
        self.first_column = sum(widths[: question.classifier])
        """Of the classifier, among the scores of all predictors."""
        self.calls = 0
        self._watch = watch
        self._end = ""
        self._judging: Judge | None = None
        self._nearest: Progress | None = None
        self._slack = -np.inf

    def axes(self) -> tuple[Axis, ...]:
        """Every way to move that the question allows. Raises InvalidField."""
        question = self.question
        findings = self._renderer.findings(question.finding_set).findings
        for field in ("allowed", "frozen"):
            for index in getattr(question, field):
                if not 0 <= index < len(findings):
                    raise InvalidField(
                        f"the finding set has findings 0 to {len(findings) - 1}, not {index}",
                        field=field,
                    )
        allowed = question.movable(len(findings))
        if not allowed:
            raise InvalidField("every finding that is allowed is frozen", field="frozen")
        return tuple(
            Axis(index, coefficients, min(question.max_alpha, _whole(findings[index])))
            for index in allowed
            for coefficients in _rows(findings[index])
        )

    def room(self, reserve: int) -> int:
        """How many images may still be generated so that `reserve` more may follow."""
        return max(0, self.question.budget - self.calls - reserve)

    @property
    def end(self) -> str:
        """Which budget is used up, in words."""
        return self._end or "the budget of images was spent"

    def look(self, points: Sequence[Point], last: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 [N, H, W, C] and scores [N, K] of all predictors side by side.

        last: an answer's own picture, which is made though the time is spent. Raises Spent, before
        anything is rendered, where the budget does not reach; and what `stop` raises.
        """
        if len(points) > self.room(reserve=0):
            raise Spent(self.end)
        images, scores = [], []
        for start in range(0, len(points), CHUNK):
            self._go_on(last)
            chunk = points[start : start + CHUNK]
            rendered = self._renderer.render([self._renderer.plan(self.recipe(p)) for p in chunk])
            self.calls += len(chunk)
            images.append(rendered.images)
            scores.append(rendered.scores)
            self._tell(rendered.images, rendered.scores)
        return np.concatenate(images), np.concatenate(scores)

    def tell(self, judging: Judge, images: np.ndarray, scores: np.ndarray) -> None:
        """From here on the watcher is told how near a search is, beginning with these."""
        self._judging = judging
        self._tell(images, scores)

    def _tell(self, images: np.ndarray, scores: np.ndarray) -> None:
        if self._judging is None:
            return
        slacks = self._judging.slack(scores)
        best = int(slacks.argmax())
        if self._nearest is None or slacks[best] > self._slack:
            self._slack, row = float(slacks[best]), scores[best : best + 1]
            self._nearest = Progress(
                self.calls,
                images[best],
                float(self._judging.margin(row)[0]),
                float(self._judging.probability_of(row)[0]),
                bool(self._judging.holds(row)[0]),
            )
        self._watch(replace(self._nearest, images=self.calls))

    def spend(self, images: int) -> None:
        """Counts images that somebody else makes. Raises Spent, and what `stop` raises."""
        if images > self.room(reserve=1):
            raise Spent(self.end)
        self._go_on()
        self.calls += images

    def _go_on(self, last: bool = False) -> None:
        """Whoever asked may stop a search: by Spent, that it end with what it has."""
        try:
            self._stop()
        except Spent as spent:
            self._end = str(spent)
            if not last:
                raise

    def recipe(self, point: Point) -> Recipe:
        """The question's recipe, moved on to a point."""
        question = self.question
        moves = tuple(
            Move(
                FindingRef(question.finding_set, axis.index),
                alpha,
                axis.coefficients,
                mask=question.mask,
            )
            for axis, alpha in point
        )
        return replace(question.recipe, moves=question.recipe.moves + moves)


def _whole(finding: Finding) -> float:
    """Where a finding is at its full strength; farther is no longer what was found."""
    if isinstance(finding, Units):
        return 1.0
    sets = isinstance(finding, Intervention) and finding.operation is Operation.SET
    return 1.0 if sets else np.inf


def _rows(finding: Finding) -> list[tuple[float, ...]]:
    """Coefficients of the moves along a finding: one a row of a subspace, none otherwise."""
    if not isinstance(finding, Subspace):
        return [()]
    return [tuple(float(v) for v in row) for row in np.eye(len(finding.basis))]
