"""Channel search: the few channels of S that flip the classifier, no finding set asked for.

S has hundreds of channels, too many to look at each. So they are screened to first order: the
slack's slope along every channel, per SD of the population, averaged over a few latents near the
image (a classifier's slope at one point is noise), and the steepest are kept. Those are searched
as findings are: looked at exactly, one on top of the other, shortened and left out.

Without a gradient the slopes are differences: central ones, channel by channel, where half of the
budget reaches that far; else all channels are shaken at once, at random, again and again, and the
slack's changes are traced back to them.

Source: channels and their SD of Wu et al., "StyleSpace Analysis" (arXiv 2011.12799); screening in
place of AttFind's sweep over all channels (Lang et al., arXiv 2104.13369, section 3.2), written for
Directrix; averaged slopes of Smilkov et al., "SmoothGrad" (arXiv 1706.03825), eq. 1; shaking all at
once of Spall (1992), simultaneous perturbation.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from directrix.counterfactuals.channel_ground import ChannelGround
from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.ground import Axis, Ground, Point
from directrix.counterfactuals.margins import Margins
from directrix.counterfactuals.question import Question
from directrix.counterfactuals.report import Report
from directrix.counterfactuals.sparse import SparseSearch
from directrix.counterfactuals.trials import CHUNK, Spent
from directrix.errors import NeedsUnmet
from directrix.rendering import Renderer
from directrix.types import Status

SEED = 2**61 + 1
"""Of the latents near an image, and of what is shaken."""


@dataclass(frozen=True)
class ChannelSearch(Explainer):
    """keep: channels that are searched. looks: latents near the image, itself one of them, whose
    slopes are averaged. near: how far they are away, in SD of every channel. step: of differences,
    in SD. shake: the length of a move of all channels at once, in SD. share: of the budget, for
    differences. exact: how the kept ones are searched.
    """

    keep: int = 32
    looks: int = 8
    near: float = 0.2
    step: float = 0.5
    shake: float = 2.0
    share: float = 0.5
    exact: SparseSearch = field(default_factory=SparseSearch)

    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        return ChannelGround.of(question, renderer, stop)

    def search(self, report: Report) -> tuple[Status, str, Point]:
        ground = report.trials.ground
        assert isinstance(ground, ChannelGround)  # it is our own
        try:
            slopes = self._slopes(report, ground)
        except Spent as spent:
            return Status.NOT_FOUND, f"{spent} on screening channels", ()
        moving = np.array([axis.index for axis in report.axes])
        steep = np.abs(slopes[moving])
        order = np.argsort(-steep, kind="stable")[: self.keep]
        kept = tuple(report.axes[place] for place in order if steep[place] > 0)
        if not kept:
            cause = "the classifier does not respond to any allowed channel"
            return Status.NOT_FOUND, cause, ()
        status, cause, point = self.exact.search(report.along(kept))
        return status, cause.replace("finding", "channel"), point

    def _slopes(self, report: Report, ground: ChannelGround) -> np.ndarray:
        """[K], of all channels: slack per SD."""
        try:
            margins = Margins.of(
                report.renderer, report.question, report.judging, ground.base.space
            )
        except NeedsUnmet:
            return self._differences(report, ground)
        total = np.zeros(ground.width)
        for alphas in _near(ground, self.looks, self.near):
            report.trials.spend(1)
            _, gradient = margins.slopes((ground.base.values + ground.step(alphas))[None])
            total += ground.pull(gradient)[0]
        return total / self.looks

    def _differences(self, report: Report, ground: ChannelGround) -> np.ndarray:
        room = int(self.share * report.trials.room(reserve=1))
        if 2 * len(report.axes) <= room:
            return self._central(report, ground)
        pairs = room // 2
        if pairs < 1:
            raise Spent(report.trials.end)
        return self._shaken(report, ground, pairs)

    def _central(self, report: Report, ground: ChannelGround) -> np.ndarray:
        """Twice as many images as channels."""
        slopes = np.zeros(ground.width)
        axes = report.axes
        for start in range(0, len(axes), CHUNK // 2):
            some = axes[start : start + CHUNK // 2]
            up, down = self._both_ways(report, [((axis, self.step),) for axis in some])
            slopes[[axis.index for axis in some]] = (up - down) / (2 * self.step)
        return slopes

    def _shaken(self, report: Report, ground: ChannelGround, pairs: int) -> np.ndarray:
        """All channels at once, each up or down by chance; the mean over as many pairs."""
        chance = np.random.Generator(np.random.Philox(SEED))
        axes = report.axes
        step = self.shake / np.sqrt(len(axes))
        signs = chance.choice((-1.0, 1.0), (pairs, len(axes)))
        changes = np.empty(pairs)
        for start in range(0, pairs, CHUNK // 2):
            rows = signs[start : start + CHUNK // 2]
            up, down = self._both_ways(report, [_point(axes, row * step) for row in rows])
            changes[start : start + len(rows)] = (up - down) / (2 * step)
        slopes = np.zeros(ground.width)
        slopes[[axis.index for axis in axes]] = changes @ signs / pairs
        return slopes

    def _both_ways(self, report: Report, points: list[Point]) -> tuple[np.ndarray, np.ndarray]:
        """Slacks at the points and at their opposites."""
        if 2 * len(points) > report.trials.room(reserve=1):
            raise Spent(report.trials.end)
        back = [tuple((axis, -alpha) for axis, alpha in point) for point in points]
        _, scores = report.trials.look([*points, *back])
        up, down = np.split(report.judging.slack(scores), 2)
        return up, down


def _near(ground: ChannelGround, count: int, far: float) -> np.ndarray:
    """Alphas [count, K] of the image itself and of latents near it."""
    chance = np.random.Generator(np.random.Philox(SEED))
    alphas = chance.standard_normal((count, ground.width)) * far
    alphas[0] = 0
    return alphas


def _point(axes: tuple[Axis, ...], alphas: np.ndarray) -> Point:
    return tuple((axis, float(alpha)) for axis, alpha in zip(axes, alphas, strict=True))
