"""Sparse search: few findings, and the shortest movement of them, each SD counted alike.

Minimises the length sum |alpha_k| under the constraint that the classifier has changed its mind.
Classifiers are rough along a latent: slopes at a point say little of what is half an SD away. So
slack is looked up, not followed: along every finding alone, both ways, at a few strengths; then, as
long as it may pay, one finding after the other is put on top of the best that is known (a beam).
What has flipped is made as short as it goes: along its ray by bisection, finding by finding by
shrinking, and by leaving out whatever can be left out. No gradient is asked for.

Source: written for Directrix; the question is that of Wachter et al. (arXiv 1711.00399), eq. 1;
leaving out and shrinking are the sparsity step of DiCE (Mothilal et al., arXiv 1905.07697, section
3.4).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.finding_ground import FindingGround
from directrix.counterfactuals.ground import Ground, Point
from directrix.counterfactuals.question import Question
from directrix.counterfactuals.report import Report
from directrix.counterfactuals.trials import Spent
from directrix.rendering import Renderer
from directrix.types import Status

COARSE, BETWEEN = (1 / 6, 11 / 24, 1.0), (1 / 12, 7 / 24, 17 / 24)
"""Strengths at which findings are looked at, as shares of max_alpha: all of them, then the best."""

WORTH = 0.03
"""How much shorter, as a share, one more finding has to make an answer."""

SHRINK = (0.4, 0.6, 0.8, 0.9)
"""What the strength of one finding is multiplied by, to see whether it still holds."""

GRID = 8
"""Points between two known ones that are tried at once."""


@dataclass(frozen=True)
class SparseSearch(Explainer):
    """rays: ways to move that are tried on top of others, the best ones. beam: points that are
    gone on from. most: findings that may be moved together. tolerance: of the answer, as a share of
    its length.
    """

    rays: int = 10
    beam: int = 4
    most: int = 5
    tolerance: float = 2e-3

    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        return FindingGround.of(question, renderer)

    def search(self, report: Report) -> tuple[Status, str, Point]:
        search = _Search(self, report)
        status, cause = search.run()
        return status, cause, search.point


class _Search:
    """Rows of alphas are [K], one entry an axis; their length is the sum of absolute entries.

    best: the shortest row that holds, else the one whose slack is largest.
    """

    def __init__(self, settings: SparseSearch, report: Report):
        self._settings, self._axes = settings, report.axes
        self._trials, self._judging = report.trials, report.judging
        self._base = float(report.judging.slack(report.before)[0])
        self._reach = np.array([axis.reach for axis in self._axes])
        self._best, self._found = np.zeros(len(self._axes)), False
        self._nearest = self._base
        self._rows: list[np.ndarray] = []
        self._slacks: list[np.ndarray] = []

    @property
    def point(self) -> Point:
        return self._point(self._best)

    def run(self) -> tuple[Status, str]:
        """Status and cause; never raises Spent."""
        try:
            cause = self._search()
        except Spent as spent:
            cause = f"{spent} before the classifier flipped"
        return (Status.FOUND, "") if self._found else (Status.NOT_FOUND, cause)

    def _search(self) -> str:
        ways = np.concatenate([np.diag(self._reach), -np.diag(self._reach)])
        ends = [self._try(share * ways) for share in (COARSE[0], COARSE[-1])]
        if (np.concatenate(ends) == self._base).all():
            return "the classifier does not respond to any allowed finding"
        between = [self._try(share * ways) for share in COARSE[1:-1]]
        gains = np.stack([ends[0], *between, ends[1]]) - self._base
        helping = int((gains.max(0).reshape(2, -1).max(0) > 0).sum())
        steps = self._finer(ways, gains)
        for _ in range(1, self._settings.most):
            if not self._extend(steps):
                break
        wide = np.concatenate([share * ways for share in (COARSE[0], BETWEEN[1])])
        for _ in range(self._settings.most):
            if self._found or not self._extend(wide):
                break
        if not self._found:
            self._add_up()
        if self._found:
            self._polish()
            return ""
        if not helping:
            return "no allowed finding brings the target any nearer"
        return (
            "no allowed finding flips the classifier within max_alpha, alone or together; "
            f"those that bring the target nearer: {helping}"
        )

    def _finer(self, ways: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """Looks closer at the ways [2K, K] that gain most per length, by gains [levels, 2K]; the
        steps [n, K] along them that may be put on top of others."""
        lengths = np.array(COARSE)[:, None] * np.abs(ways).sum(1)
        order = np.argsort(-(gains / lengths).max(0), kind="stable")
        best = ways[order[: self._settings.rays]]
        self._try(np.concatenate([share * best for share in BETWEEN]))
        return np.concatenate([share * best for share in (BETWEEN[0], COARSE[0], BETWEEN[1])])

    def _extend(self, steps: np.ndarray) -> bool:
        """One finding on top of the best rows; whether there was anything to try."""
        starts = self._beam()
        rows = self._cut((starts[:, None] + steps).reshape(-1, len(self._axes)))
        rows = rows[self._lengths(rows) < self._bound()]
        known = {row.tobytes() for part in self._rows for row in part}
        rows = np.array([row for row in rows if row.tobytes() not in known])
        if not len(rows):
            return False
        self._try(rows)
        return True

    def _beam(self) -> np.ndarray:
        """Rows to go on from: half of them those that have gained most, half most per length."""
        rows, slacks = np.concatenate(self._rows), np.concatenate(self._slacks)
        lengths = self._lengths(rows)
        open_ = (slacks < 0) & (lengths > 0) & (lengths < self._bound())
        rows, gains = rows[open_], slacks[open_] - self._base
        half = self._settings.beam // 2
        most = np.argsort(-gains, kind="stable")[:half]
        per_length = np.argsort(-gains / lengths[open_], kind="stable")
        others = [i for i in per_length if i not in most][: self._settings.beam - half]
        return rows[[*most, *others]]

    def _bound(self) -> float:
        """The length that one more finding has to stay below."""
        if not self._found:
            return np.inf
        return float(self._lengths(self._best)) * (1 - WORTH)

    def _add_up(self) -> None:
        """All that helps together, where nothing else has flipped it: a best attempt at least."""
        rows, slacks = np.concatenate(self._rows), np.concatenate(self._slacks)
        single = np.count_nonzero(rows, axis=1) == 1
        rows, gains = rows[single], slacks[single] - self._base
        order = np.argsort(-gains, kind="stable")
        order = order[gains[order] > 0]
        whole, prefixes = np.zeros(len(self._axes)), []
        for i in order:
            if not whole[rows[i] != 0].any():
                whole = whole + rows[i]
                prefixes.append(whole)
        if prefixes:
            self._try(np.stack(prefixes[1:] or prefixes))

    def _polish(self) -> None:
        """Makes what has flipped as short as it goes."""
        self._shorten()
        while self._leave_one_out() or self._shrink_one():
            pass
        self._shorten()

    def _shorten(self) -> None:
        """Bisects along the ray of the best row."""
        whole, low, high = self._best, 0.0, 1.0
        while high - low > self._settings.tolerance:
            shares = np.linspace(low, high, GRID + 2)[1:-1]
            held = self._holds(shares[:, None] * whole)
            at = int(held.argmax()) if held.any() else GRID
            low, high = (shares[at - 1] if at else low), (shares[at] if at < GRID else high)

    def _leave_one_out(self) -> bool:
        moved = np.flatnonzero(self._best)
        if len(moved) < 2:
            return False
        rows = np.repeat(self._best[None], len(moved), 0)
        rows[np.arange(len(moved)), moved] = 0
        return bool(self._holds(rows).any())

    def _shrink_one(self) -> bool:
        """Whether one finding could be moved less; not where one is all there is."""
        moved = np.flatnonzero(self._best)
        if len(moved) < 2:
            return False
        rows = np.repeat(self._best[None], len(moved) * len(SHRINK), 0)
        for place, (axis, factor) in enumerate((a, f) for a in moved for f in SHRINK):
            rows[place, axis] *= factor
        return bool(self._holds(rows).any())

    def _holds(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self._try(rows) >= 0) & self._held

    def _try(self, rows: np.ndarray) -> np.ndarray:
        """Slack of rows [n, K], as rendered. Raises Spent after as many as the budget allows."""
        room = self._trials.room(reserve=1)
        if room > 0:
            _, scores = self._trials.look([self._point(row) for row in rows[:room]])
            slacks, self._held = self._judging.slack(scores), self._judging.holds(scores)
            self._note(rows[:room], slacks)
        if room < len(rows):
            raise Spent(self._trials.end)
        return slacks

    def _note(self, rows: np.ndarray, slacks: np.ndarray) -> None:
        self._rows.append(rows)
        self._slacks.append(slacks)
        held = np.flatnonzero(self._held)
        if len(held):
            costs = self._costs(rows[held])
            if not self._found or costs.min() < self._costs(self._best):
                self._best, self._found = rows[held[int(costs.argmin())]], True
        elif not self._found and slacks.max() > self._nearest:
            self._best, self._nearest = rows[int(slacks.argmax())], float(slacks.max())

    def _costs(self, rows: np.ndarray) -> np.ndarray:
        """Lengths, with what every finding more has to be worth."""
        return self._lengths(rows) * (1 + WORTH * (np.count_nonzero(rows, axis=-1) - 1))

    def _lengths(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(rows).sum(-1))

    def _cut(self, rows: np.ndarray) -> np.ndarray:
        """To where findings may be moved."""
        return np.clip(rows, -self._reach, self._reach)

    def _point(self, row: np.ndarray) -> Point:
        return tuple((axis, float(a)) for axis, a in zip(self._axes, row, strict=True) if a)
