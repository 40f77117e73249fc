"""Meaning, not noise: what an oracle that small perturbations do not deceive says of answers.

The same questions about generated clothes, the first of each pair of `explain_questions`, by every
way at the same probability of the target: ours (few of twenty directions), latent gradient
descent, ICE's optimisation, AttFind and gradient descent in pixels. The robust oracle was trained
on pictures perturbed against it; how hard was settled on samples of another seed. Every attempt
counts: an answer that does not reach the probability is one with which no oracle agrees. Every
measure is taken of every way.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from directrix.zoo import fashion_data
from tests.benchmarks import meaning_sheets
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.explain_questions import BOTH_WAYS, EACH, Asked, about_generated, clothes
from tests.benchmarks.meaning_answers import WANTED, WAYS, Answer, Answering
from tests.benchmarks.meaning_measures import Jury, Seen, diversity, jury, measure, see
from tests.benchmarks.pixel_attack import PixelAttack

FIRST = 5
"""Questions of each of the twenty ordered pairs."""
DIVERSE = 20
"""Questions for which further answers are asked, one a pair."""
POPULATION_SEED, POPULATION = 9002, 256
"""Samples whose spread is the unit of side effects."""
GATES: Mapping[str, Mapping[str, float]] = {
    "ours": {"at_least": 0.8},
    "pixel_attack": {"at_most": 0.3},
}


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    world = clothes()
    asked = first_of_each(about_generated(world))
    answering = Answering(world)
    evidence.settings = {"target_probability": WANTED, "questions": len(asked)}
    answers = {way: answering.by(explainer, asked) for way, explainer in WAYS.items()}
    answers["pixel_attack"] = answering.attacked(PixelAttack(), asked)
    judges = _jury(answering)
    seen = {way: see(judges, made) for way, made in answers.items()}
    for way in answers:
        _rows(evidence, way, answers[way], seen[way], judges)
    measures = {way: measure(judges, answers[way], seen[way]) for way in answers}
    _figures(evidence, measures, len(asked))
    varied = list(answering.variously(asked[::FIRST][:DIVERSE]))
    evidence.figure("ours_diversity", diversity(judges, varied), "distance", n=len(varied))
    alike = float(np.mean([len(images) for images in varied]))
    evidence.figure("ours_answers_by_other_findings", alike - 1, "answers", n=len(varied))
    print(f"  -> {meaning_sheets.draw(answers, seen, judges.classes)}")


def first_of_each(questions: Sequence[Asked]) -> list[Asked]:
    """FIRST of every pair's EACH, pair after pair."""
    return [q for pair in range(len(BOTH_WAYS)) for q in questions[pair * EACH :][:FIRST]]


def _jury(answering: Answering) -> Jury:
    pictures = answering.pictures(POPULATION_SEED, POPULATION)
    _, labels = fashion_data.load("train")
    return jury(answering.world.renderer.predictors[0], pictures, labels)


def _figures(
    evidence: Evidence, measures: Mapping[str, Mapping[str, float | None]], n: int
) -> None:
    for way, found in measures.items():
        agreed = found["robust_oracle"]
        assert agreed is not None
        evidence.figure(f"{way}_robust_oracle", agreed, "share", n=n, **GATES.get(way, {}))
    names = list(next(iter(measures.values())))
    rows = [[name, *(found[name] for found in measures.values())] for name in names]
    evidence.table(["measure", *measures], rows)


def _rows(
    evidence: Evidence, way: str, answers: Sequence[Answer], seen: Seen, judges: Jury
) -> None:
    for i, answer in enumerate(answers):
        evidence.row(
            way=way,
            **vars(answer.asked),
            probability=float(seen.chance[i]),
            valid=bool(seen.valid[i]),
            oracle=judges.classes[int(seen.oracle_after[i].argmax())],
            robust_before=judges.classes[int(seen.robust_before[i].argmax())],
            robust_after=judges.classes[int(seen.robust_after[i].argmax())],
            moved=answer.moved,
            latent_sd=answer.distance,
            seconds=answer.seconds,
            generator_calls=answer.generator_calls,
            classifier_calls=answer.classifier_calls,
        )
