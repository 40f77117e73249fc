"""Descent: all allowed findings moved together by gradient, a fixed number of steps.

The explanation that ICE comes with, kept as a baseline: nothing is made short, sparse or minimal,
and what it ends at is the answer. Findings are coordinates in SD here, where the released code
moves along eigenvectors of S, so that its rate of 1 has no meaning; momentum and decay are its own.

Source: the released notebook of Li et al., "Which Style Makes Me Attractive?" (arXiv 2201.09689):
the margin by SGD with momentum .9 and weight decay 1e-3 over the coefficients of a subspace, 10 to
50 iterations, no rule to stop.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.finding_ground import FindingGround
from directrix.counterfactuals.ground import Ground, Point
from directrix.counterfactuals.question import Question
from directrix.counterfactuals.report import Report
from directrix.counterfactuals.slopes import Slopes
from directrix.counterfactuals.trials import Spent
from directrix.rendering import Renderer
from directrix.types import Status


@dataclass(frozen=True)
class Descent(Explainer):
    """iterations: steps of gradient ascent on the margin. rate: SD a logit of slope."""

    iterations: int = 20
    rate: float = 0.02
    momentum: float = 0.9
    decay: float = 1e-3

    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        return FindingGround.of(question, renderer)

    def search(self, report: Report) -> tuple[Status, str, Point]:
        """Raises NeedsUnmet where there are no slopes."""
        trials, axes = report.trials, report.axes
        slopes = Slopes.of(report.renderer, trials, report.judging, axes)
        reach = np.array([axis.reach for axis in axes])
        alphas, speed = np.zeros(len(reach)), np.zeros(len(reach))
        try:
            for _ in range(self.iterations):
                trials.spend(1)
                _, (gradient,) = slopes(alphas[None])
                speed = self.momentum * speed + gradient - self.decay * alphas
                alphas = np.clip(alphas + self.rate * speed, -reach, reach)
            point = tuple((axis, float(x)) for axis, x in zip(axes, alphas, strict=True) if x)
            _, scores = trials.look([point])
        except Spent as spent:
            return Status.NOT_FOUND, f"{spent} before the last step", ()
        if report.judging.holds(scores)[0]:
            return Status.FOUND, "", point
        cause = f"{self.iterations} steps of descent did not flip the classifier"
        return Status.NOT_FOUND, cause, point
