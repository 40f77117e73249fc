"""Counterfactuals: the smallest movement of findings or of a latent that flips a classifier."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from directrix.counterfactuals.attfind import AttFind
from directrix.counterfactuals.bisection import Bisection
from directrix.counterfactuals.channels import ChannelSearch
from directrix.counterfactuals.descent import Descent
from directrix.counterfactuals.explainer import Explainer
from directrix.counterfactuals.gradient import Gradient
from directrix.counterfactuals.judge import Hold
from directrix.counterfactuals.latent_descent import LatentDescent
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
    "AttFind",
    "Bisection",
    "ChannelSearch",
    "Descent",
    "Explainer",
    "Gradient",
    "Hold",
    "LatentDescent",
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
    "attfind": AttFind(),
    "bisection": Bisection(),
    "channels": ChannelSearch(),
    "descent": Descent(),
    "gradient": Gradient(),
    "gradient_w_plus": Gradient(layered=True),
    "latent_descent": LatentDescent(),
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
    """The answer, and up to `count` further ones that move none of what those before it moved.

    Ends at the first that is not found; with it alone where the very first is not, and where a
    latent is moved whole.
    """
    found = [explainer.explain(question, renderer, oracle, stop, watch)]
    choices = explainer.ground(question, renderer, stop).choices
    allowed = set(question.movable(choices))
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
