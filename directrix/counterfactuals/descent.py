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

from directrix.counterfactuals.explainer import Explainer, Question, Watch, go_on, look_away
from directrix.counterfactuals.report import begin
from directrix.counterfactuals.slopes import Slopes
from directrix.counterfactuals.trials import Point, Spent
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Counterfactual, Status


@dataclass(frozen=True)
class Descent(Explainer):
    """iterations: steps of gradient ascent on the margin. rate: SD a logit of slope. curve: points
    of the margin curve between the original and the answer.
    """

    iterations: int = 20
    rate: float = 0.02
    momentum: float = 0.9
    decay: float = 1e-3
    curve: int = 7

    def explain(
        self,
        question: Question,
        renderer: Renderer,
        oracle: Predictor | None = None,
        stop: Callable[[], None] = go_on,
        watch: Watch = look_away,
    ) -> Counterfactual:
        """As `Explainer.explain`; raises NeedsUnmet where there are no slopes."""
        report = begin(question, renderer, oracle, stop, watch)
        trials, judging = report.trials, report.judging
        if judging.holds(report.before)[0]:
            return report.write(Status.ALREADY_TARGET, "", (), oracle, self.curve)
        slopes = Slopes.of(renderer, trials, judging, report.axes)
        reach = np.array([axis.reach for axis in report.axes])
        alphas, speed = np.zeros(len(reach)), np.zeros(len(reach))
        point: Point = ()
        try:
            for _ in range(self.iterations):
                trials.spend(1)
                _, (gradient,) = slopes(alphas[None])
                speed = self.momentum * speed + gradient - self.decay * alphas
                alphas = np.clip(alphas + self.rate * speed, -reach, reach)
            point = tuple((a, float(x)) for a, x in zip(report.axes, alphas, strict=True) if x)
            _, scores = trials.look([point])
        except Spent:
            cause = "the budget of images was spent before the last step"
            return report.write(Status.NOT_FOUND, cause, (), oracle, self.curve)
        if judging.holds(scores)[0]:
            return report.write(Status.FOUND, "", point, oracle, self.curve)
        cause = f"{self.iterations} steps of descent did not flip the classifier"
        return report.write(Status.NOT_FOUND, cause, point, oracle, self.curve)
