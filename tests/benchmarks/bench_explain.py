"""Explain: counterfactuals of classifiers, every attempt in the denominator.

500 questions about generated and 500 about real clothes (`explain_questions`): twenty ordered pairs
of classes, the target at p >= .95 by few of twenty directions. Real pictures are inverted first,
into W+. 104 questions about generated avatars and 32 about drawn ones, 40 about the smile and the
gender of natural faces (`explain_worlds`). An answer is valid where a fresh look at the recipe's
own pixels says so; it is minimal where leaving out any one of its findings undoes it. Another
network seconds answers. Seconds of an answer are those of one thread's own time, two at once on two
cores. What somebody waits for a picture of generated clothes is taken apart, three questions a pair
once more: on a clock, one explanation alone, and two at once. What the service adds is measured
through a gateway (`explain_service`).

Inversions and answers are written down as they come: a run that was interrupted goes on where it
was.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import monotonic

import numpy as np

from tests.benchmarks import explain_service, explanation_sheets
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.explain_answers import BUDGET, WANTED, Seen, answer, invert_some, time
from tests.benchmarks.explain_questions import EACH
from tests.benchmarks.explain_worlds import subject
from tests.benchmarks.journal import Journal, Row

CORES = 2
FASHION, AVATARS, FACES = ("generated", "real"), ("avatars", "drawn"), ("smile", "gender")
KINDS = (*FASHION, *AVATARS, *FACES)
REAL = ("real", "drawn")
TOGETHER, TIMED = 16, 3
"""Pictures that are inverted together; questions of every pair that are timed."""


def run(evidence: Evidence) -> None:
    journal = Journal("explain", _key)
    latents = Journal("explain_inversions", lambda row: (row["kind"], row["index"]))
    evidence.settings = {"target_probability": WANTED, "budget": BUDGET}
    with ProcessPoolExecutor(CORES, get_context("spawn")) as pool:
        seen = {kind: _answered(pool, journal, latents, kind) for kind in KINDS}
        _timed(pool, evidence)
        _shown(pool, latents)
    explain_service.measure(evidence)
    for rows in seen.values():
        for each in rows:
            evidence.row(**vars(each))
    for kind in FASHION:
        _fashion(evidence, kind, seen[kind])
    for kind, name in zip(AVATARS, ("avatars", "avatars_drawn"), strict=True):
        _seconded(evidence, name, "oracle_agreement", seen[kind])
    _kept(evidence, "avatars_drawn", seen["drawn"])
    faces = [each for kind in FACES for each in seen[kind]]
    _seconded(evidence, "faces", "second_evaluator_agreement", faces)
    journal.close()
    latents.close()


def _answered(
    pool: ProcessPoolExecutor, journal: Journal, latents: Journal, kind: str
) -> list[Seen]:
    """Of one kind, those that are still to be asked two at once."""
    questions = subject(kind).questions
    if kind in REAL:
        _inverted(pool, latents, kind, [each.index for each in questions])
    keys = [(kind, each.source, each.target, each.index) for each in questions]
    ahead = [q for q, key in zip(questions, keys, strict=True) if key not in journal]
    starts = [latents[kind, q.index]["latent"] if kind in REAL else () for q in ahead]
    began = monotonic()
    for done, row in enumerate(pool.map(answer, [kind] * len(ahead), ahead, starts), 1):
        journal.append(row)
        left = (monotonic() - began) / done * (len(ahead) - done)
        print(f"  {kind}: {done} of {len(ahead)}, {left:.0f} s to go", flush=True)
    return [Seen(**journal[key]) for key in keys]


def _inverted(
    pool: ProcessPoolExecutor, latents: Journal, kind: str, indices: Sequence[int]
) -> None:
    """Of real pictures those that are not yet, TOGETHER at once in each process."""
    ahead = [index for index in dict.fromkeys(indices) if (kind, index) not in latents]
    groups = [ahead[start : start + TOGETHER] for start in range(0, len(ahead), TOGETHER)]
    for done, rows in enumerate(pool.map(invert_some, [kind] * len(groups), groups), 1):
        for row in rows:
            latents.append(row)
        print(f"  {kind}: inverted {done} of {len(groups)} groups", flush=True)


def _timed(pool: ProcessPoolExecutor, evidence: Evidence) -> None:
    """What an answer takes, of every fixed question a few, asked again."""
    questions = subject("generated").questions
    chosen = [q for place, q in enumerate(questions) if place % EACH < TIMED]
    kinds = ["generated"] * len(chosen)
    alone = [pool.submit(time, "generated", asked).result() for asked in chosen]
    two = list(pool.map(time, kinds, chosen))
    for asked, one, beside in zip(chosen, alone, two, strict=True):
        evidence.row(
            what="seconds", source=asked.source, target=asked.target, alone=one, two_at_once=beside
        )
    n = len(chosen)
    evidence.figure("seconds_median", float(np.median(alone)), "s, one alone", at_most=1, n=n)
    evidence.figure("seconds_two_at_once_median", float(np.median(two)), "s", n=n)


def _shown(pool: ProcessPoolExecutor, latents: Journal) -> None:
    """A picture of some, for the documents."""
    chosen = explanation_sheets.chosen()
    starts = [latents[kind, q.index]["latent"] if kind in REAL else () for kind, q in chosen]
    kinds, questions = zip(*chosen, strict=True)
    explanation_sheets.draw(list(pool.map(explanation_sheets.show, kinds, questions, starts)))


def _key(row: Row) -> object:
    return row["kind"], row["source"], row["target"], row["index"]


def _fashion(evidence: Evidence, kind: str, seen: Sequence[Seen]) -> None:
    sure = [each for each in seen if each.sure]
    unsure = [each for each in seen if not each.sure]
    n = len(seen)
    name = f"fashion_{kind}"
    evidence.figure(f"{name}_validity", _share(s.valid for s in seen), "share", at_least=0.98, n=n)
    evidence.figure(f"{name}_validity_at_half", _share(s.valid_at_half for s in seen), "share", n=n)
    agree = _share(s.oracle for s in sure)
    label = "fashion_oracle_agreement" if kind == "generated" else f"{name}_oracle_agreement"
    evidence.figure(label, agree, "share", at_least=0.85, n=len(sure))
    half = _share(s.oracle_at_half for s in sure)
    evidence.figure(f"{label}_at_half", half, "share", n=len(sure))
    shirts = _share(s.oracle for s in unsure)
    evidence.figure(f"{label}_shirt", shirts, "share", n=len(unsure))
    _small(evidence, "" if kind == "generated" else f"{name}_", seen)
    if kind == "real":
        _kept(evidence, name, seen)
    pairs: dict[str, list[bool]] = defaultdict(list)
    for each in seen:
        pairs[f"{each.source} -> {each.target}"].append(each.valid)
    worst = min(pairs, key=lambda pair: _share(pairs[pair]))
    evidence.row(what="worst pair", kind=kind, pair=worst, validity=_share(pairs[worst]))


def _seconded(evidence: Evidence, name: str, second: str, seen: Sequence[Seen]) -> None:
    n = len(seen)
    evidence.figure(f"{name}_validity", _share(s.valid for s in seen), "share", at_least=0.98, n=n)
    evidence.figure(f"{name}_{second}", _share(s.oracle for s in seen), "share", n=n)
    for kind in dict.fromkeys(each.kind for each in seen):
        own = [each.oracle for each in seen if each.kind == kind]
        if len(own) < n:
            evidence.figure(f"{name}_{second}_{kind}", _share(own), "share", n=len(own))
    _small(evidence, f"{name}_", seen)


def _kept(evidence: Evidence, name: str, seen: Sequence[Seen]) -> None:
    """How true the inversions were."""
    n = len(seen)
    kept = _share(bool(s.label_kept) for s in seen)
    evidence.figure(f"{name}_label_kept", kept, "share", n=n)
    errors = [s.error for s in seen if s.error is not None]
    evidence.figure(f"{name}_error_median", float(np.median(errors)), "MSE in [-1, 1]", n=n)


def _small(evidence: Evidence, prefix: str, seen: Sequence[Seen]) -> None:
    """How small answers are, and what they cost."""
    found = [each for each in seen if each.valid]
    moved = float(np.median([s.moved for s in found]))
    evidence.figure(f"{prefix}findings_moved_median", moved, "findings", at_most=3, n=len(found))
    undone = sum(s.violations for s in found)
    evidence.figure(f"{prefix}minimality_violations", undone, "findings", at_most=0, n=len(found))
    views = [s.views for s in found if s.views is not None]
    evidence.figure(f"{prefix}views_agree", float(np.mean(views)), "share", n=len(views))
    if prefix:
        seconds = float(np.median([s.seconds for s in seen]))
        evidence.figure(f"{prefix}seconds_median", seconds, "s of one core", n=len(seen))


def _share(values: Iterable[bool]) -> float:
    return float(np.mean([bool(value) for value in values]))
