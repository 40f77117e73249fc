"""Shots: pictures that one finding turns into another class, to be looked at beside the tables."""

from collections.abc import Callable

import numpy as np

from directrix.audits.answers import probabilities
from directrix.audits.plan import AuditPlan, Parts
from directrix.types import Named, Shot


def shoot(
    plan: AuditPlan,
    parts: Parts,
    finding: Named,
    most: int,
    stop: Callable[[], None] = lambda: None,
) -> list[Shot]:
    """At most so many pictures that flip along a finding, each at the least step that flips it.

    Those of other class pairs come first, then those that flip at less, in the pictures' order.
    parts: what the plan's units gave. stop may raise.
    """
    index, walks = plan.walks.named.index(finding), plan.walks
    own = walks.columns(plan.question.classifier)
    still = parts[0]["scores"][:, own]
    moved = parts[1 + index]["scores"][..., own]
    card = plan.predictors[plan.question.classifier].card
    before = probabilities(card, still)
    after = probabilities(card, moved)
    sure = after.max(-1) >= plan.question.target_probability
    chosen = _chosen(still.argmax(-1), np.where(sure, moved.argmax(-1), still.argmax(-1)), most)
    if not chosen:
        return []
    alphas = [(1 - 2 * way) * plan.question.steps[step] for way, step, _ in chosen]
    steps = [((index, alpha),) for alpha in alphas]
    samples = [sample for _, _, sample in chosen]
    answers, _ = walks.look(
        [walks.recipe(*pair) for pair in zip(samples, steps, strict=True)], stop
    )
    return [
        Shot(
            sample=sample,
            alpha=alpha,
            source=plan.classes[int(still[sample].argmax())],
            target=plan.classes[target := int(moved[way, step, sample].argmax())],
            before=float(before[sample, target]),
            after=float(after[way, step, sample, target]),
            original=parts[0]["images"][sample],
            answer=answer,
        )
        for (way, step, sample), alpha, answer in zip(chosen, alphas, answers, strict=True)
    ]


def _chosen(still: np.ndarray, moved: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """(way, step, sample) of classes still [n] and moved [2, steps, n]; a sample once."""
    hits = np.argwhere(moved != still)
    ordered = sorted(hits.tolist(), key=lambda hit: (hit[1], hit[0], hit[2]))
    nearest: dict[int, tuple[int, int, int]] = {}
    for way, step, sample in ordered:
        nearest.setdefault(sample, (way, step, sample))
    seen: set[tuple[int, int]] = set()
    first: list[tuple[int, int, int]] = []
    further: list[tuple[int, int, int]] = []
    for hit in nearest.values():
        pair = (int(still[hit[2]]), int(moved[hit]))
        (further if pair in seen else first).append(hit)
        seen.add(pair)
    return (first + further)[:most]
