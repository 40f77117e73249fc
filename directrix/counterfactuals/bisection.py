"""Bisection: one finding if one is enough, else the few that together flip the classifier.

All findings are moved outwards together on a grid of `levels` steps, in both directions; where the
first flips appear they are refined by bisection and the shortest wins. If no single finding flips,
each one's best place is combined, best gain first, until the classifier flips; what is not needed
is taken out again and the common factor is bisected. A flip between two grid points that is undone
at the next one is not seen.

Source: written for Directrix; the question is that of Wachter et al. (arXiv 1711.00399), eq. 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.finding_ground import FindingGround
from directrix.counterfactuals.ground import Axis, Ground, Point, distance, scaled
from directrix.counterfactuals.question import Question
from directrix.counterfactuals.report import Report
from directrix.counterfactuals.trials import Spent
from directrix.rendering import Renderer
from directrix.types import Status

TOGETHER = 16
"""Prefixes of a combination that are tried at once."""


@dataclass(frozen=True)
class Bisection(Explainer):
    """levels: grid points up to max_alpha, each way. tolerance: of the answer, in SD."""

    levels: int = 12
    tolerance: float = 0.01

    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        return FindingGround.of(question, renderer)

    def search(self, report: Report) -> tuple[Status, str, Point]:
        search = _Search(self, report)
        status, cause = search.run(report.axes)
        return status, cause, search.best


class _Search:
    """Where the search is: `best` is the answer as soon as one holds, else the nearest attempt."""

    def __init__(self, settings: Bisection, report: Report):
        self.settings, self.trials, self.judging = settings, report.trials, report.judging
        self.base = float(self.judging.slack(report.before)[0])
        self.best: Point = ()
        self._nearest = self.base
        self._found = False

    def run(self, axes: tuple[Axis, ...]) -> tuple[Status, str]:
        """Status and cause; never raises Spent."""
        try:
            cause = self._search(axes)
        except Spent as spent:
            cause = f"{spent} before the classifier flipped"
        return (Status.FOUND, "") if self._found else (Status.NOT_FOUND, cause)

    def _search(self, axes: tuple[Axis, ...]) -> str:
        ends = np.array([axis.reach * sign for axis in axes for sign in (1.0, -1.0)])
        rays = [axis for axis in axes for _ in (1, -1)]
        slacks = np.empty((self.settings.levels, len(rays)))
        for level in range(self.settings.levels):
            points = _on(rays, ends * ((level + 1) / self.settings.levels))
            slacks[level], held = self._try(points)
            if held.any():
                before = ends * (level / self.settings.levels)
                self._refine([p for p, h in zip(points, held, strict=True) if h], before[held])
                return ""
            if level == 0 and self._is_flat(slacks[0], _on(rays, ends)):
                return "the classifier does not respond to any allowed finding"
        return self._combine(self._summits(rays, ends, slacks))

    def _is_flat(self, nearest: np.ndarray, farthest: list[Point]) -> bool:
        """Whether nothing happens at the first step and nothing at the last."""
        if (nearest != self.base).any():
            return False
        slacks, held = self._try(farthest)
        return not held.any() and bool((slacks == self.base).all())

    def _try(self, points: list[Point]) -> tuple[np.ndarray, np.ndarray]:
        """Slack and success of points; raises Spent after as many as the budget allows."""
        room = self.trials.room(reserve=1)
        if room > 0:
            _, scores = self.trials.look(points[:room])
            slacks, held = self.judging.slack(scores), self.judging.holds(scores)
            self._note(points, slacks, held)
        if room < len(points):
            raise Spent(self.trials.end)
        return slacks, held

    def _note(self, points: list[Point], slacks: np.ndarray, held: np.ndarray) -> None:
        """Keeps the shortest answer, or while there is none the nearest attempt."""
        if self._found:
            return
        if held.any():
            lengths = [distance(points[i]) for i in np.flatnonzero(held)]
            self.best, self._found = points[np.flatnonzero(held)[int(np.argmin(lengths))]], True
        elif slacks.max() > self._nearest:
            self.best, self._nearest = points[int(slacks.argmax())], float(slacks.max())

    def _refine(self, points: list[Point], before: np.ndarray) -> None:
        """Bisects single-axis points that hold, each between `before` and itself."""
        axes = [point[0][0] for point in points]
        low, high = before.copy(), np.array([point[0][1] for point in points])
        self._accept(axes, high)
        while True:
            shortest = np.abs(high).min()
            open_ = np.flatnonzero(
                (np.abs(high - low) > self.settings.tolerance) & (np.abs(low) < shortest)
            )
            if not len(open_):
                return
            middle = (low + high) / 2
            try:
                _, held = self._try([((axes[i], float(middle[i])),) for i in open_])
            except Spent:
                return
            high[open_[held]] = middle[open_[held]]
            low[open_[~held]] = middle[open_[~held]]
            self._accept(axes, high)

    def _accept(self, axes: list[Axis], high: np.ndarray) -> None:
        shortest = int(np.abs(high).argmin())
        self.best, self._found = ((axes[shortest], float(high[shortest])),), True

    def _summits(
        self, rays: list[Axis], ends: np.ndarray, slacks: np.ndarray
    ) -> list[tuple[Axis, float]]:
        """(axis, alpha) of every axis that helps, at its best place, best gain first."""
        found: dict[Axis, tuple[float, float]] = {}
        for ray, end, column in zip(rays, ends, slacks.T, strict=True):
            level = int(column.argmax())
            gain = float(column[level]) - self.base
            if gain > found.get(ray, (0.0, 0.0))[0]:
                found[ray] = (gain, float(end * ((level + 1) / self.settings.levels)))
        ranked = sorted(found.items(), key=lambda entry: -entry[1][0])
        return [(axis, alpha) for axis, (_, alpha) in ranked]

    def _combine(self, summits: list[tuple[Axis, float]]) -> str:
        for first in range(2, len(summits) + 1, TOGETHER):
            sizes = range(first, min(first + TOGETHER, len(summits) + 1))
            points = [tuple(summits[:size]) for size in sizes]
            _, held = self._try(points)
            if held.any():
                self.best, self._found = points[int(held.argmax())], True
                self._reduce()
                return ""
        if not summits:
            return "no allowed finding brings the target any nearer"
        return (
            "no allowed finding flips the classifier within max_alpha, alone or together; "
            f"those that bring the target nearer: {len(summits)}"
        )

    def _reduce(self) -> None:
        """Takes out what is not needed and shortens the rest; each step keeps the flip."""
        try:
            for _ in range(2):
                while self._take_one_out():
                    pass
                self._shorten()
        except Spent:
            return

    def _take_one_out(self) -> bool:
        if len(self.best) < 2:
            return False
        points = [self.best[:i] + self.best[i + 1 :] for i in range(len(self.best))]
        slacks, held = self._try(points)
        if not held.any():
            return False
        self.best = points[int(np.where(held, slacks, -np.inf).argmax())]
        return True

    def _shorten(self) -> None:
        whole, low, high = self.best, 0.0, 1.0
        while (high - low) * distance(whole) > self.settings.tolerance:
            middle = (low + high) / 2
            _, held = self._try([scaled(whole, middle)])
            if held[0]:
                high, self.best = middle, scaled(whole, middle)
            else:
                low = middle


def _on(rays: list[Axis], alphas: np.ndarray) -> list[Point]:
    """One point a ray."""
    return [((ray, float(alpha)),) for ray, alpha in zip(rays, alphas, strict=True)]
