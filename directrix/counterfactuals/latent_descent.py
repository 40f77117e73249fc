"""Latent descent: Adam on the whole latent until the classifier says the target; a baseline.

No trust region, no prior, nothing made short: what it ends at is the answer.

Source: Dombrowski, Gerken, Müller and Kessel, "Diffeomorphic Counterfactuals with Generative
Models" (arXiv 2206.05075), Algorithm 1: gradient ascent on the target in the latent space, Adam at
5e-2 (their MNIST), the target's probability as its end, no answer as an answer. Theirs are flows,
whose latents have SD 1; uncorrelated axes of one SD each stand for them here. Of what they
maximise, log p(target), the slope along the latent is followed where the class is set; where any
other class will do, that of the margin.
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
from directrix.types import Status


@dataclass(frozen=True)
class LatentDescent(Explainer):
    """In W where there is one, else in Z. steps: at most. rate: SD that an axis moves a step."""

    steps: int = 400
    rate: float = 0.05

    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        return WhitenedGround.of(question, renderer, stop, renderer.generator.truncation_space)

    def search(self, report: Report) -> tuple[Status, str, Point]:
        """Raises NeedsUnmet where there are no slopes."""
        ground, trials = report.trials.ground, report.trials
        assert isinstance(ground, WhitenedGround)  # it is our own
        margins = Margins.of(report.renderer, report.question, report.judging, ground.base.space)
        alphas = np.zeros(ground.width)
        adam = Adam(ground.width)
        try:
            for _ in range(self.steps):
                trials.spend(1)
                latent = ground.base.values + ground.step(alphas)
                (slack,), gradient = margins.slopes(latent[None])
                point = ground.point(alphas)
                if slack >= 0 and self._holds(report, point):
                    return Status.FOUND, "", point
                if not gradient.any():
                    cause = "the classifier does not respond to the latent"
                    return Status.NOT_FOUND, cause, point
                alphas = alphas + self.rate * adam(ground.pull(gradient)[0])
        except Spent as spent:
            cause = f"{spent} before the classifier flipped"
            return Status.NOT_FOUND, cause, ground.point(alphas)
        cause = f"{self.steps} steps of descent did not flip the classifier"
        return Status.NOT_FOUND, cause, ground.point(alphas)

    def _holds(self, report: Report, point: Point) -> bool:
        """As rendered. Raises Spent, keeping one image for the report."""
        if report.trials.room(reserve=1) < 1:
            raise Spent(report.trials.end)
        _, scores = report.trials.look([point])
        return bool(report.judging.holds(scores)[0])
