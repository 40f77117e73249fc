"""Explainer: a question about a classifier and an image -> a counterfactual."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from directrix.counterfactuals.ground import Ground, Point
from directrix.counterfactuals.question import Question, Watch, go_on, look_away
from directrix.counterfactuals.report import Report, begin
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Counterfactual, Status


@dataclass(frozen=True)
class Explainer(ABC):
    """One way of searching; its settings are its fields.

    curve: points of the margin curve between the original and the answer.
    """

    curve: int = 7

    def explain(
        self,
        question: Question,
        renderer: Renderer,
        oracle: Predictor | None = None,
        stop: Callable[[], None] = go_on,
        watch: Watch = look_away,
    ) -> Counterfactual:
        """FOUND, NOT_FOUND with the best attempt and its cause, or ALREADY_TARGET.

        oracle: an independent classifier that is asked about the answer's pixels. stop is called
        between small steps and may raise Cancelled or DeadlineExceeded, which are let through, or
        Spent, which ends the search with what it has.
        watch is told of the image as it is, then after every few images.
        Raises InvalidField, PredictorMismatch, NeedsUnmet, and what planning the recipe raises.
        """
        ground = self.ground(question, renderer, stop)
        report = begin(question, renderer, ground, oracle, stop, watch)
        if report.judging.holds(report.before)[0]:
            return report.write(Status.ALREADY_TARGET, "", (), oracle, self.curve)
        status, cause, point = self.search(report)
        return report.write(status, cause, point, oracle, self.curve)

    @abstractmethod
    def ground(self, question: Question, renderer: Renderer, stop: Callable[[], None]) -> Ground:
        """Over what it searches: findings or latents.

        Does nothing that takes long. Raises InvalidField, NeedsUnmet, and what planning raises.
        """

    @abstractmethod
    def search(self, report: Report) -> tuple[Status, str, Point]:
        """How it ended, why where it is NOT_FOUND, and the answer or the nearest attempt.

        The image as it is does not hold yet. Leaves one image of the budget for the report.
        """
