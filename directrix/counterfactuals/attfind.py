"""AttFind: every channel swept to both ends of its range, whatever it costs; a baseline.

Every channel of S but those of image layers goes, alone, to the least and to the greatest value
that it has in a small population. Then either the K that raised the target most are moved together
(independent), or one after the other is put on top of those before it, the best by trial among the
first few (subset), until the classifier flips. Nothing is shortened and nothing left out. It costs
two images a channel: ask for a budget that reaches.

Source: Lang et al., "Explaining in Style" (arXiv 2104.13369), section 3.2 and Algorithm 1, and the
notebook that came with it: 250 samples, shift_size 1, effects on logits, "independent" and "subset"
explanations of one image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from directrix.counterfactuals.channel_ground import ChannelGround
from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.ground import Ground, Point
from directrix.counterfactuals.question import Question
from directrix.counterfactuals.report import Report
from directrix.counterfactuals.trials import CHUNK, Spent
from directrix.rendering import Renderer
from directrix.types import Status

SEED = 2**61 + 2
"""Of the population whose ends channels are moved to."""


@dataclass(frozen=True)
class AttFind(Explainer):
    """samples: whose least and greatest values channels go to. shift: how much of the way. most:
    channels that are moved together. tried: how many candidates a step of "subset" looks at.
    """

    samples: int = 250
    shift: float = 1.0
    most: int = 10
    tried: int = 20
    selection: Literal["independent", "subset"] = "subset"

    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        return ChannelGround.of(question, renderer, stop, pictures=False)

    def search(self, report: Report) -> tuple[Status, str, Point]:
        ground = report.trials.ground
        assert isinstance(ground, ChannelGround)  # it is our own
        search = _Search(self, report, ground)
        status, cause = search.run()
        return status, cause, search.point


class _Search:
    """point: where it stands; slack: of it."""

    def __init__(self, settings: AttFind, report: Report, ground: ChannelGround):
        self._settings, self._report, self._ground = settings, report, ground
        self.point: Point = ()
        self._slack = float(report.judging.slack(report.before)[0])
        self._found = False

    def run(self) -> tuple[Status, str]:
        cost = 2 * len(self._report.axes)
        try:
            if cost > self._report.trials.room(reserve=1):
                raise Spent(self._report.trials.end)
            ranked = self._sweep()
            if not ranked:
                return Status.NOT_FOUND, "the classifier does not respond to any allowed channel"
            independent = self._settings.selection == "independent"
            (self._independent if independent else self._subset)(ranked)
        except Spent as spent:
            cause = f"{spent}; a sweep over all channels alone takes {cost} images"
            return (Status.FOUND, "") if self._found else (Status.NOT_FOUND, cause)
        cause = f"{len(self.point)} channels at the ends of their ranges did not flip it"
        return (Status.FOUND, "") if self._found else (Status.NOT_FOUND, cause)

    def _sweep(self) -> list[Point]:
        """Moves of one channel each that bring the target nearer, the best first."""
        base, moves, gains = self._slack, self._ends(), []
        for start in range(0, len(moves), CHUNK):
            slacks, _ = self._look(moves[start : start + CHUNK])
            gains.append(slacks - base)
        gain = np.concatenate(gains) if gains else np.zeros(0)
        order = np.argsort(-gain, kind="stable")
        return [moves[place] for place in order if gain[place] > 0]

    def _ends(self) -> list[Point]:
        """Every channel to its least and to its greatest value, as far as max_alpha lets it."""
        ground, settings = self._ground, self._settings
        renderer = self._report.renderer
        seen = renderer.sample(SEED, 0, settings.samples, ground.base.space).values
        seen = seen.reshape(len(seen), -1)
        here = ground.base.values.reshape(-1)
        scale = np.where(ground.deviations > 0, ground.deviations, np.inf)
        down = settings.shift * np.minimum(seen.min(0) - here, 0) / scale
        up = settings.shift * np.maximum(seen.max(0) - here, 0) / scale
        return [
            ((axis, float(alpha)),)
            for axis in self._report.axes
            for alpha in np.clip((down[axis.index], up[axis.index]), -axis.reach, axis.reach)
            if alpha
        ]

    def _independent(self, ranked: list[Point]) -> None:
        """The first k together, for k = 1, 2, ... until it flips."""
        whole: Point = ()
        for move in ranked:
            if self._found or len(whole) == self._settings.most:
                return
            if not _moves(whole, move):
                whole = whole + move
                self._go([whole])

    def _subset(self, ranked: list[Point]) -> None:
        """The best on top of what is there, again and again, until it flips."""
        while not self._found and len(self.point) < self._settings.most:
            left = [move for move in ranked if not _moves(self.point, move)]
            before = self._slack
            self._go([self.point + move for move in left[: self._settings.tried]])
            if self._slack <= before:
                return

    def _go(self, points: list[Point]) -> None:
        """To the point with the largest slack, if that is nearer."""
        if not points:
            return
        slacks, held = self._look(points)
        best = int(np.where(held, slacks + 1e6, slacks).argmax())
        if held[best] or slacks[best] > self._slack:
            self.point, self._slack, self._found = points[best], slacks[best], bool(held[best])

    def _look(self, points: list[Point]) -> tuple[np.ndarray, np.ndarray]:
        """Slack and success of points. Raises Spent, keeping one image for the report."""
        if len(points) > self._report.trials.room(reserve=1):
            raise Spent(self._report.trials.end)
        _, scores = self._report.trials.look(points)
        return self._report.judging.slack(scores), self._report.judging.holds(scores)


def _moves(point: Point, move: Point) -> bool:
    """Whether a point moves the channel of a move already."""
    return move[0][0] in {axis for axis, _ in point}
