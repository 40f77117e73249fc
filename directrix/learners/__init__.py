"""Learners: what fits a direction to labels, shared by the methods."""

from collections.abc import Mapping
from types import MappingProxyType

from directrix.discovery import Learner
from directrix.learners.extremes import EXTREMES, Ends, Extremes
from directrix.learners.logistic import LogisticLearner
from directrix.learners.svm import SvmLearner

__all__ = ["EXTREMES", "Ends", "Extremes", "LogisticLearner", "SvmLearner", "learners"]


def learners() -> Mapping[str, Learner]:
    """Every learner by its name, with its default settings."""
    return MappingProxyType({"svm": SvmLearner(), "logistic": LogisticLearner()})
