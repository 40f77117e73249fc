"""Which pictures are shown of a finding, and that they are what the audit saw."""

import numpy as np

from directrix.archive import finding_set_digest
from directrix.audits import AuditPlan, AuditQuestion
from directrix.audits.shots import shoot
from directrix.generators import linear as generators
from directrix.predictors import linear as predictors
from directrix.types import Direction, FindingSet, ImageCard, Named, Provenance, Space
from tests.contract.models import CPU

IMAGE = ImageCard(channels=1, height=8, width=8)
CLASSES = ("first", "second", "third")
PLANTED = (4.0, 3.0, 2.0, 1.0)


def world() -> tuple[AuditPlan, list[dict[str, np.ndarray]]]:
    """Class k reads axis k; axis 3 means nothing."""
    arrays, axes = generators.planted(PLANTED, 64, seed=3)
    generator = generators.build(generators.card("toy", IMAGE, z_dim=4), arrays, CPU)
    card = predictors.card("reader", IMAGE, CLASSES)
    reader = predictors.build(card, predictors.reading(arrays, axes[:3]), CPU)
    provenance = Provenance(method="hand", version="1", generator=generator.card.digest)
    findings = FindingSet(tuple(Direction(Space.Z, axis, 1.0) for axis in axes), provenance)
    question = AuditQuestion(
        (findings,), samples=24, steps=(1.0, 2.0), random_findings=20, explained=0
    )
    plan = AuditPlan(question, generator, (reader,))
    parts: list[dict[str, np.ndarray]] = []
    for unit in range(1 + len(findings)):
        parts.append(plan.compute(unit, parts))
    return plan, parts


def named(plan: AuditPlan, index: int) -> Named:
    return Named(finding_set=finding_set_digest(plan.question.finding_sets[0]), index=index)


def test_shots_are_what_the_audit_saw() -> None:
    plan, parts = world()
    shots = shoot(plan, parts, named(plan, 0), most=50)
    still, moved = parts[0]["scores"].argmax(-1), parts[1]["scores"].argmax(-1)
    assert {shot.sample for shot in shots} == set(np.flatnonzero((moved != still).any((0, 1))))
    for shot in shots:
        way, step = int(shot.alpha < 0), int(abs(shot.alpha)) - 1
        assert plan.classes[moved[way, step, shot.sample]] == shot.target
        assert plan.classes[still[shot.sample]] == shot.source != shot.target
        if step:  # nothing nearer would have done
            assert (moved[:, 0, shot.sample] == still[shot.sample]).all()
        assert shot.after > shot.before
        assert (shot.original == parts[0]["images"][shot.sample]).all()
        _, scores = plan.walks.look(
            [plan.walks.recipe(shot.sample, ((0, shot.alpha),))], lambda: None
        )
        assert plan.classes[scores[0].argmax()] == shot.target
        said = plan.walks.renderer.judge(shot.answer[None])[0]
        assert plan.classes[said.argmax()] == shot.target


def test_other_class_pairs_come_first() -> None:
    plan, parts = world()
    every = shoot(plan, parts, named(plan, 0), most=50)
    pairs = {(shot.source, shot.target) for shot in every}
    few = shoot(plan, parts, named(plan, 0), most=len(pairs))
    assert {(shot.source, shot.target) for shot in few} == pairs
    assert len(every) > len(few) > 1


def test_what_flips_nothing_has_no_shots() -> None:
    plan, parts = world()
    assert shoot(plan, parts, named(plan, 3), most=3) == []
