"""Audits of a whole classifier over a population: what it relies on, and what flips it."""

from collections.abc import Callable, Sequence

import numpy as np

from directrix.audits.flip_model import predict_flips
from directrix.audits.plan import AuditPlan
from directrix.audits.question import AuditQuestion, Scores
from directrix.discovery import Checkpoint, Progress
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.types import Audit

__all__ = ["AuditPlan", "AuditQuestion", "Scores", "audit", "predict_flips"]


def audit(
    question: AuditQuestion,
    generator: Generator,
    predictors: Sequence[Predictor],
    progress: Progress = lambda done, total, note="": None,
    stop: Callable[[], None] = lambda: None,
    checkpoint: Checkpoint | None = None,
) -> Audit:
    """Answers a question in one process: computes all units of an `AuditPlan` and measures.

    progress is told after every unit, stop is called between a few pictures; both may raise, which
    is let through. With a checkpoint, units that it holds are not computed again.
    """
    plan = AuditPlan(question, generator, tuple(predictors))
    saved = dict((checkpoint.load() if checkpoint else None) or {})
    parts: list[dict[str, np.ndarray]] = []
    for unit in range(plan.units):
        head = f"{unit}/"
        part = {k.removeprefix(head): v for k, v in saved.items() if k.startswith(head)}
        if not part:
            part = plan.compute(unit, parts, stop)
            if checkpoint:
                saved |= {head + name: array for name, array in part.items()}
                checkpoint.save(saved)
        parts.append(part)
        progress(unit + 1, plan.units)
    return plan.measure(parts)
