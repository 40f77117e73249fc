"""Gradient: the shortest step of the whole latent that flips the classifier.

In uncorrelated axes of one SD each, the population is a ball around its mean. From the image's own
place u0 the step a minimises

    |a|^2 + prior |u0 + a|^2   under   slack(a) >= 0,

the length of the step, and how unlikely the latent becomes. A classifier is rough along a latent:
going up its slope ends on the next bump, a tenth of an SD away. So the search climbs with momentum,
each step within a trust region and pulled by the prior, until what is rendered flips. Then the
answer is shortened along its ray and slides along the boundary while that makes it cheaper: the
slack is taken to be linear where it stands, with a slope averaged over latents nearby, and the
problem then has a closed form, the nearest point of a plane. On a linear classifier of a linear
generator that is exact.

Source: written for Directrix. The linearised constraint is that of DeepFool (Moosavi-Dezfooli et
al., arXiv 1511.04599), Algorithm 1, with the distance kept to where it began and not to the last
step; the prior is the Gaussian of truncation and of Wulff and Torralba (arXiv 2009.06529), eq. 3.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from directrix.counterfactuals.adam import Adam
from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.ground import Ground, Point
from directrix.counterfactuals.margins import Margins
from directrix.counterfactuals.question import Question
from directrix.counterfactuals.report import Report
from directrix.counterfactuals.trials import Spent
from directrix.counterfactuals.whitened_ground import WhitenedGround
from directrix.rendering import Renderer
from directrix.types import Space, Status

GRID = 8
"""Points between two known ones that are tried at once."""

SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.12, 0.06, 0.03)
"""Of a step along the boundary, that are tried at once."""

PAST = 0.02
"""How far past the plane a step goes, as a share of what is missing."""

COARSE = 0.02
"""Share of its length to which an answer is shortened before it slides on."""

SEED = 2**61 + 3
"""Of the latents nearby."""


@dataclass(frozen=True)
class Gradient(Explainer):
    """layered: W+ where there is one, every layer for itself; else W, or Z where there is none. A
    picture that was inverted into W+ is moved there.
    steps: at most, until it flips. rate: SD that an axis moves a step. trust: SD that a step may
    go. prior: weight of the latent's own length against the step's. slides: along the boundary, at
    most. looks: latents nearby whose slopes are averaged then, and near: how far they are away, in
    SD of every axis. tolerance: of the answer, as a share of its length.
    """

    layered: bool = False
    steps: int = 300
    rate: float = 0.05
    trust: float = 0.5
    prior: float = 0.05
    slides: int = 8
    looks: int = 4
    near: float = 0.05
    tolerance: float = 2e-3

    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        layered = self.layered and Space.W_PLUS in renderer.generator.spaces
        space = Space.W_PLUS if layered else renderer.generator.truncation_space
        return WhitenedGround.of(question, renderer, stop, space)

    def search(self, report: Report) -> tuple[Status, str, Point]:
        """Raises NeedsUnmet where there are no slopes."""
        ground = report.trials.ground
        assert isinstance(ground, WhitenedGround)  # it is our own
        margins = Margins.of(report.renderer, report.question, report.judging, ground.base.space)
        search = _Search(self, report, ground, margins)
        status, cause = search.run()
        return status, cause, ground.point(search.best)


class _Search:
    """best: alphas [K] of the shortest answer, else of the nearest attempt."""

    def __init__(
        self, settings: Gradient, report: Report, ground: WhitenedGround, margins: Margins
    ):
        self._settings, self._report = settings, report
        self._ground, self._margins = ground, margins
        self._reach = report.question.max_alpha
        chance = np.random.Generator(np.random.Philox(SEED))
        self._nearby = chance.standard_normal((settings.looks, ground.width)) * settings.near
        self._nearby -= self._nearby.mean(0)
        self.best = np.zeros(ground.width)
        self._nearest = float(report.judging.slack(report.before)[0])
        self._found = False

    def run(self) -> tuple[Status, str]:
        """Status and cause; never raises Spent."""
        try:
            cause = self._climb()
            if self._found:
                self._slide()
        except Spent as spent:
            cause = f"{spent} before the classifier flipped"
        return (Status.FOUND, "") if self._found else (Status.NOT_FOUND, cause)

    def _climb(self) -> str:
        """To a flip; or the cause why there is none."""
        settings, adam = self._settings, Adam(self._ground.width)
        alphas = np.zeros(self._ground.width)
        for count in range(settings.steps):
            slack, gradient = self._slope(alphas[None])
            if not gradient.any() and count == 0:
                return "the classifier does not respond to the latent"
            if slack >= 0 and self._try(alphas[None])[0]:
                return ""
            pull = settings.prior * (self._ground.start + alphas)
            step = settings.rate * adam(gradient - pull)
            alphas = self._inside(alphas + _cut(step, settings.trust))
        self._try(alphas[None])
        return (
            f"{settings.steps} steps of the latent, within max_alpha, did not flip the classifier"
        )

    def _slide(self) -> None:
        """Makes the answer as cheap as it goes."""
        self._shorten(COARSE)
        past = PAST
        for _ in range(self._settings.slides):
            before = self._cost(self.best)
            slack, gradient = self._slope(self.best + self._nearby)
            if not gradient.any():
                break
            step = self._goal(self.best, slack, gradient, past) - self.best
            self._try(self._inside(self.best + np.outer(SHARES, step)))
            self._shorten(COARSE)
            if self._cost(self.best) > before * (1 - self._settings.tolerance):
                past /= 4
        self._shorten(self._settings.tolerance)

    def _slope(self, rows: np.ndarray) -> tuple[float, np.ndarray]:
        """Slack and gradient [K], the mean over alphas [n, K]."""
        self._report.trials.spend(len(rows))
        steps = np.stack([self._ground.step(row) for row in rows])
        slacks, gradients = self._margins.slopes(self._ground.base.values + steps)
        return float(slacks.mean()), self._ground.pull(gradients).mean(0)

    def _goal(
        self, alphas: np.ndarray, slack: float, gradient: np.ndarray, past: float
    ) -> np.ndarray:
        """The minimum, if the slack were the plane that it looks like from here."""
        weight = self._settings.prior
        centre = -weight / (1 + weight) * self._ground.start
        missing = float(gradient @ (alphas - centre)) - slack
        if missing <= 0:
            return centre
        return centre + gradient * ((1 + past) * missing / float(gradient @ gradient))

    def _inside(self, rows: np.ndarray) -> np.ndarray:
        """No axis moved by more than max_alpha."""
        return np.asarray(np.clip(rows, -self._reach, self._reach))

    def _cost(self, rows: np.ndarray) -> np.ndarray:
        """What is minimised."""
        prior = np.square(self._ground.start + rows).sum(-1)
        return np.asarray(np.square(rows).sum(-1) + self._settings.prior * prior)

    def _shorten(self, tolerance: float) -> None:
        """Bisects along the ray of the answer, to a share of its length."""
        whole, low, high = self.best, 0.0, 1.0
        while high - low > tolerance:
            shares = np.linspace(low, high, GRID + 2)[1:-1]
            held = self._try(shares[:, None] * whole)
            at = int(held.argmax()) if held.any() else GRID
            low, high = (shares[at - 1] if at else low), (shares[at] if at < GRID else high)

    def _try(self, rows: np.ndarray) -> np.ndarray:
        """Which of alphas [n, K] hold, as rendered. Raises Spent where the budget ends before."""
        report = self._report
        if len(rows) > report.trials.room(reserve=1):
            raise Spent(report.trials.end)
        _, scores = report.trials.look([self._ground.point(row) for row in rows])
        held, slacks = report.judging.holds(scores), report.judging.slack(scores)
        if held.any():
            costs = np.where(held, self._cost(rows), np.inf)
            best = int(costs.argmin())
            if not self._found or costs[best] < self._cost(self.best):
                self.best, self._found = rows[best], True
        elif not self._found and slacks.max() > self._nearest:
            self.best, self._nearest = rows[int(slacks.argmax())], float(slacks.max())
        return np.asarray(held)


def _cut(step: np.ndarray, radius: float) -> np.ndarray:
    """No longer than the radius."""
    return np.asarray(step * min(1.0, radius / max(float(np.linalg.norm(step)), 1e-9)))
