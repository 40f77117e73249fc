"""Counterfactuals: the smallest movement inside a finding set that flips a classifier."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from directrix.counterfactuals.bisection import Bisection
from directrix.counterfactuals.descent import Descent
from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.judge import Hold
from directrix.counterfactuals.question import Progress, Question, Watch, go_on, look_away
from directrix.counterfactuals.sparse import SparseSearch
from directrix.counterfactuals.trials import Spent
from directrix.counterfactuals.verification import log_density_change, normal, verify
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Counterfactual, Status

__all__ = [
    "DEFAULT",
    "EXPLAINERS",
    "Bisection",
    "Descent",
    "Explainer",
    "Hold",
    "Progress",
    "Question",
    "SparseSearch",
    "Spent",
    "explain",
    "explain_variously",
    "log_density_change",
    "normal",
    "verify",
]

DEFAULT = "sparse"

EXPLAINERS: Mapping[str, Explainer] = {
    "bisection": Bisection(),
    "descent": Descent(),
    DEFAULT: SparseSearch(),
}
"""By the names that requests know, with their default settings."""


def explain(
    question: Question,
    renderer: Renderer,
    oracle: Predictor | None = None,
    stop: Callable[[], None] = go_on,
    explainer: Explainer = EXPLAINERS[DEFAULT],
    watch: Watch = look_away,
) -> Counterfactual:
    """Answers a question: see `Explainer.explain`."""
    return explainer.explain(question, renderer, oracle, stop, watch)


def explain_variously(
    question: Question,
    renderer: Renderer,
    count: int,
    oracle: Predictor | None = None,
    stop: Callable[[], None] = go_on,
    explainer: Explainer = EXPLAINERS[DEFAULT],
    watch: Watch = look_away,
) -> list[Counterfactual]:
    """The answer, and up to `count` further ones that move none of the findings before them.

    Ends at the first that is not found; with it alone where the very first is not.
    """
    found = [explainer.explain(question, renderer, oracle, stop, watch)]
    allowed = set(question.movable(len(renderer.findings(question.finding_set))))
    while len(found) <= count and found[-1].status is Status.FOUND:
        allowed -= {moved.index for moved in found[-1].moved}
        if not allowed:
            break
        other = replace(question, allowed=tuple(sorted(allowed)))
        answer = explainer.explain(other, renderer, oracle, stop, watch)
        if answer.status is not Status.FOUND:
            break
        found.append(answer)
    return found
