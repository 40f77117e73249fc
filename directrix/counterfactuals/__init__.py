"""Counterfactuals: the smallest movement inside a finding set that flips a classifier."""

from collections.abc import Callable

from directrix.counterfactuals.bisection import Bisection
from directrix.counterfactuals.explainer import Explainer, Question, go_on
from directrix.counterfactuals.sparse import SparseSearch
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Counterfactual

__all__ = ["Bisection", "Explainer", "Question", "SparseSearch", "explain"]


def explain(
    question: Question,
    renderer: Renderer,
    oracle: Predictor | None = None,
    stop: Callable[[], None] = go_on,
) -> Counterfactual:
    """Answers a question by sparse search, with its default settings: see `Explainer.explain`."""
    return SparseSearch().explain(question, renderer, oracle, stop)
