"""Sparse search: few findings, and the shortest movement of them, each SD counted alike.

Minimises the length sum |alpha_k| under the constraint that the classifier has changed its mind.
Classifiers are rough along a latent: slopes at a point say little of what is half an SD away. So
slack is looked up, not followed: along every finding alone, both ways, at a few strengths. What
two movements do together is guessed from that (`additive`), and the best guesses that would make a
shorter answer are looked at, again and again, as long as that pays: at last many, of a much shorter
one. Where nothing flips, one finding after the other is put on top of the best that is known (a
beam). What has flipped is made as short as it goes: along its ray by bisection, finding by finding
by moving it less, and by leaving out whatever can be left out. Pictures are looked at in batches
that a renderer fills. No gradient is asked for.

Where all of that has come to nothing, all findings are moved at once, by evolution (CMA-ES).

Source: written for Directrix; the question is that of Wachter et al. (arXiv 1711.00399), eq. 1;
leaving out and shrinking are the sparsity step of DiCE (Mothilal et al., arXiv 1905.07697, section
3.4); evolution is Hansen's (arXiv 1604.00772), once more with twice as many points as in Auger and
Hansen (CEC 2005).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cmaes import CMA

from directrix.batches import BATCH
from directrix.counterfactuals.additive import Additive
from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.finding_ground import FindingGround
from directrix.counterfactuals.ground import Ground, Point
from directrix.counterfactuals.question import Question
from directrix.counterfactuals.report import Report
from directrix.counterfactuals.trials import Spent
from directrix.rendering import Renderer
from directrix.types import Status

NEAR, BETWEEN, FAR = (1 / 6, 11 / 24), (1 / 12, 7 / 24), (17 / 24, 1.0)
"""Strengths at which findings are looked at, as shares of max_alpha: all of them; where nothing has
flipped the best ones nearer by, then all of them farther out."""

CLOSE = (0.9, 0.5)
"""Lengths at which findings are looked at alone once there is an answer, as shares of its own."""

SHORTER = 0.87
"""The length at which many movements are tried at last, as a share of an answer's."""

WIDE = (1 / 6, 7 / 24)
"""Strengths that are put on top of others where guesses have not helped."""

WORTH = 0.03
"""How much shorter, as a share, one more finding has to make an answer."""

WIDTH, SEED = 0.25, 9104
"""The SD of an evolution's first movements, as a share of max_alpha, and the first one's seed."""

LESS = (0.0, 0.4, 0.6, 0.8, 0.9)
"""What the strength of one finding is multiplied by, to see whether it still holds."""

GRID = BATCH - 1
"""Points between two known ones that are tried at once."""


@dataclass(frozen=True)
class SparseSearch(Explainer):
    """rays: ways to move that are looked at more closely, the best ones. guesses: movements that
    are tried at once because they are guessed to do it; patience: how often in vain, where nothing
    has flipped yet; wide: at last, much shorter ones than the answer. beam: points that are gone on
    from where guesses have not helped. most: findings that may be moved together.
    evolutions: movements by chance of a generation, and generations, one evolution after the other
    where nothing else has flipped it; what a narrow one misses a wider one may find. tolerance: of
    the answer, as a share of its length.
    """

    rays: int = BATCH
    guesses: int = BATCH
    patience: int = 2
    wide: int = 6 * BATCH
    beam: int = 4
    most: int = 5
    evolutions: tuple[tuple[int, int], ...] = ((16, 45), (32, 60))
    tolerance: float = 4e-3

    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        return FindingGround.of(question, renderer)

    def search(self, report: Report) -> tuple[Status, str, Point]:
        search = _Search(self, report)
        status, cause = search.run()
        return status, cause, search.point


class _Search:
    """Rows of alphas are [K], one entry an axis; their length is the sum of absolute entries.

    best: the shortest row that holds, else the one whose slack is largest. low: the share of it
    that is known not to hold, 0 where nobody has looked. minimal: the last row of which nothing can
    be left out, which is the answer where the budget ends before best is known to be one.
    """

    def __init__(self, settings: SparseSearch, report: Report):
        self._settings, self._axes = settings, report.axes
        self._trials, self._judging = report.trials, report.judging
        self._before = self._reached = report.before[0].astype(np.float64)
        self._base = float(report.judging.slack(report.before)[0])
        self._reach = np.array([axis.reach for axis in self._axes])
        self._best, self._found = np.zeros(len(self._axes)), False
        self._low = 0.0
        self._minimal: np.ndarray | None = None
        self._nearest = self._base
        self._rows: list[np.ndarray] = []
        self._slacks: list[np.ndarray] = []
        self._scores: list[np.ndarray] = []

    @property
    def point(self) -> Point:
        return self._point(self._best)

    def run(self) -> tuple[Status, str]:
        """Status and cause; never raises Spent."""
        try:
            cause = self._search()
        except Spent as spent:
            cause = f"{spent} before the classifier flipped"
            if self._minimal is not None:
                self._best = self._minimal
        return (Status.FOUND, "") if self._found else (Status.NOT_FOUND, cause)

    def _search(self) -> str:
        ways = np.concatenate([np.diag(self._reach), -np.diag(self._reach)])
        near = self._try(np.concatenate([share * ways for share in NEAR]))
        if (near == self._base).all() and (self._try(ways) == self._base).all():
            return "the classifier does not respond to any allowed finding"
        best = self._best_ways(ways, near - self._base)
        if not self._found:
            self._try(np.concatenate([share * best for share in BETWEEN]))
        self._put_together()
        if not self._found:
            far = np.concatenate([share * ways for share in FAR])
            self._try(far[self._unknown(far)])
            self._put_together()
        for further in (best, ways):
            steps = np.concatenate([share * further for share in WIDE])
            for _ in range(1, self._settings.most):
                if self._found or not self._extend(steps):
                    break
        if not self._found:
            self._add_up()
            self._evolve()
        if self._found:
            self._polish()
            if self._look_shorter():
                self._polish()
            return ""
        helping = self._helping()
        if not helping:
            return "no allowed finding brings the target any nearer"
        return (
            "no allowed finding flips the classifier within max_alpha, alone or together; "
            f"those that bring the target nearer: {helping}"
        )

    def _best_ways(self, ways: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """Those of the ways [2K, K] that gain most per length, by gains [levels * 2K]."""
        lengths = np.array(NEAR)[:, None] * np.abs(ways).sum(1)
        slopes = (gains.reshape(lengths.shape) / lengths).max(0)
        return ways[np.argsort(-slopes, kind="stable")[: self._settings.rays]]

    def _helping(self) -> int:
        """How many axes bring the target nearer, alone."""
        rows, slacks = np.concatenate(self._rows), np.concatenate(self._slacks)
        single = (np.count_nonzero(rows, axis=1) == 1) & (slacks > self._base)
        return int((rows[single] != 0).any(0).sum())

    def _put_together(self) -> None:
        """Looks at what two movements are guessed to do at a length that is worth it, until guesses
        come to nothing; where nothing has flipped yet, `patience` times."""
        guess, failed, close = self._guess(), 0, False
        while failed < (1 if self._found else self._settings.patience):
            if self._found and not close:
                close = True
                guess.learn(*self._look_closely(guess))
            if self._best.any() and not failed:
                guess.add(self._best, self._reached)
            bound = self._bound()
            length = bound if self._found else guess.nearest()
            asked = guess.suggest(length, self._settings.guesses)
            asked = asked.only(self._unknown(self._cut(asked.rows)))
            if not len(asked.rows):
                return
            nearest = self._nearest
            self._try(self._cut(asked.rows))
            guess.correct(asked, self._scores[-1])
            better = self._bound() < bound or (not self._found and self._nearest > nearest)
            failed = 0 if better else failed + 1
            if better and self._found and close:
                self._shorten(passes=1)

    def _guess(self) -> Additive:
        """From what is known of single findings."""
        slack = self._judging.slack
        guess = Additive(self._reach, self._settings.most, self._before, slack)
        for rows, scores in zip(self._rows, self._scores, strict=True):
            guess.learn(rows, scores)
        return guess

    def _look_closely(self, guess: Additive) -> tuple[np.ndarray, np.ndarray]:
        """The best ways alone, a little and half shorter than an answer, as long as that makes it
        shorter: rows [n, K], and their scores."""
        seen: list[np.ndarray] = []
        scores: list[np.ndarray] = []
        shares: tuple[float, ...] = CLOSE
        while True:
            self._shorten(passes=1)
            length = float(self._lengths(self._best))
            ways = guess.steepest(CLOSE[0] * length, self._settings.rays)
            rows = self._cut(np.concatenate([share * length * ways for share in shares]))
            seen.append(rows)
            self._try(rows)
            scores.append(self._scores[-1])
            if float(self._lengths(self._best)) == length:
                return np.concatenate(seen), np.concatenate(scores)
            shares = CLOSE[:1]

    def _look_shorter(self) -> bool:
        """Many guesses at a much shorter length, each wiser by those before, as long as one of them
        holds; whether one did."""
        guess, tried, whole = self._guess(), 0, self._best
        while tried < self._settings.wide:
            length = SHORTER * float(self._lengths(self._best))
            asked = guess.suggest(length, self._settings.guesses)
            if not len(asked.rows):
                break
            held = self._holds(asked.rows)
            guess.correct(asked, self._scores[-1])
            tried += len(held)
            if held.any():
                tried = 0
                self._shorten(passes=1)
        return self._best is not whole

    def _extend(self, steps: np.ndarray) -> bool:
        """One finding on top of the best rows; whether there was anything to try."""
        starts = self._beam()
        rows = self._cut((starts[:, None] + steps).reshape(-1, len(self._axes)))
        rows = rows[self._lengths(rows) < self._bound()]
        rows = rows[self._unknown(rows)]
        if not len(rows):
            return False
        self._try(rows)
        return True

    def _unknown(self, rows: np.ndarray) -> np.ndarray:
        """[n]: which of them nobody has looked at yet."""
        known = {row.tobytes() for part in self._rows for row in part}
        return np.array([row.tobytes() not in known for row in rows], bool)

    def _beam(self) -> np.ndarray:
        """Rows to go on from: half of them those that have gained most, half most per length."""
        rows, slacks = np.concatenate(self._rows), np.concatenate(self._slacks)
        lengths = self._lengths(rows)
        moved = np.count_nonzero(rows, axis=1)
        open_ = (slacks < 0) & (lengths < self._bound()) & (moved > 0)
        rows, gains = rows[open_], slacks[open_] - self._base
        half = self._settings.beam // 2
        most = np.argsort(-gains, kind="stable")[:half]
        few = moved[open_] < self._settings.most
        per_length = np.argsort(-np.where(few, gains / lengths[open_], -np.inf), kind="stable")
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

    def _evolve(self) -> None:
        """All findings at once, from the image as it is, where something has brought it nearer.

        Leaves images to shorten what it finds.
        """
        if self._found or self._nearest == self._base:
            return
        count = len(self._axes)
        bounds = np.tile([-1.0, 1.0], (count, 1))
        for seed, (size, generations) in enumerate(self._settings.evolutions, SEED):
            evolution = CMA(np.zeros(count), WIDTH, bounds, seed=seed, population_size=size)
            for _ in range(generations):
                if self._trials.room(reserve=GRID) < size:
                    return
                points = np.stack([evolution.ask() for _ in range(size)])
                slacks = self._try(points * self._reach)
                if self._found:
                    return
                evolution.tell(list(zip(points, -slacks, strict=True)))

    def _polish(self) -> None:
        """Makes what has flipped as short as it goes; at the end nothing can be left out."""
        while True:
            self._shorten()
            if not self._lessen():
                return

    def _shorten(self, passes: int = 9) -> None:
        """Bisects along the ray of the best row, until it is as exact as asked or so often."""
        whole, low, high = self._best, self._low, 1.0
        for _ in range(passes):
            if high - low <= self._settings.tolerance:
                return
            shares = np.linspace(low, high, GRID + 2)[1:-1]
            held = self._holds(shares[:, None] * whole)
            at = int(held.argmax()) if held.any() else GRID
            low, high = (shares[at - 1] if at else low), (shares[at] if at < GRID else high)
            self._low = low / high

    def _lessen(self) -> bool:
        """Whether one finding could be left out or moved less; not where one is all there is."""
        best, moved = self._best, np.flatnonzero(self._best)
        if len(moved) < 2:
            return False
        if len(moved) > self._settings.most and self._holds(self._fewer(moved)).any():
            return True
        rows = np.repeat(self._best[None], len(moved) * len(LESS), 0)
        for place, (axis, factor) in enumerate((a, f) for f in LESS for a in moved):
            rows[place, axis] *= factor
        held = self._holds(rows)
        if not held[: len(moved)].any():
            self._minimal = best
        return bool(held.any())

    def _fewer(self, moved: np.ndarray) -> np.ndarray:
        """Without each finding, and without the 2, 3, ... that are moved least: [n, K]."""
        rows = np.repeat(self._best[None], 2 * len(moved) - 2, 0)
        for place, axis in enumerate(moved):
            rows[place, axis] = 0
        least = moved[np.argsort(np.abs(self._best[moved]), kind="stable")]
        for count in range(2, len(moved)):
            rows[len(moved) + count - 2, least[:count]] = 0
        return rows

    def _holds(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self._try(rows) >= 0) & self._held

    def _try(self, rows: np.ndarray) -> np.ndarray:
        """Slack of rows [n, K], as rendered. Raises Spent after as many as the budget allows."""
        room = self._trials.room(reserve=1)
        if room > 0:
            _, scores = self._trials.look([self._point(row) for row in rows[:room]])
            slacks, self._held = self._judging.slack(scores), self._judging.holds(scores)
            self._note(rows[:room], slacks, scores)
        if room < len(rows):
            raise Spent(self._trials.end)
        return slacks

    def _note(self, rows: np.ndarray, slacks: np.ndarray, scores: np.ndarray) -> None:
        self._rows.append(rows)
        self._slacks.append(slacks)
        self._scores.append(scores.astype(np.float64))
        held = np.flatnonzero(self._held)
        if len(held):
            costs = self._costs(rows[held])
            if not self._found or costs.min() < self._costs(self._best):
                chosen = held[int(costs.argmin())]
                self._best, self._found = rows[chosen], True
                self._reached = self._scores[-1][chosen]
                self._low = 0.0
        elif not self._found and slacks.max() > self._nearest:
            chosen = int(slacks.argmax())
            self._best, self._nearest = rows[chosen], float(slacks[chosen])
            self._reached = self._scores[-1][chosen]

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
