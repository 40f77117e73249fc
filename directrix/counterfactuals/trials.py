"""Trials: moved images and what the classifier says of them, counted against a budget."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from directrix.counterfactuals.ground import Ground, Point
from directrix.counterfactuals.judge import Judge
from directrix.counterfactuals.question import Progress, Question, Watch, look_away
from directrix.errors import InvalidField
from directrix.rendering import Renderer

CHUNK = 16
"""Images at most between two looks at whether to stop: before they are drawn, and before they are
scored."""


class Spent(Exception):
    """A budget is used up, as its words say; the search ends with what it has."""


class Trials:
    """Renders points around the question's recipe and counts them."""

    def __init__(
        self,
        question: Question,
        renderer: Renderer,
        ground: Ground,
        stop: Callable[[], None],
        watch: Watch = look_away,
    ):
        self.question, self.ground, self._renderer, self._stop = question, ground, renderer, stop
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
            plans = [self._renderer.plan(self.ground.recipe(p)) for p in chunk]
            rendered = self._renderer.render(plans, stop=partial(self._go_on, last))
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
