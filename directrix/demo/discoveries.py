"""Discoveries: one a method, started so that a second run finds them again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from directrix.client import Client, Discovery, OperationHandle
from directrix.demo.subjects import Subject

if TYPE_CHECKING:
    from directrix.types import FindingScore, Scorecard

SEED = 7
ATTEMPTS = 3
"""How often a discovery that failed in an earlier run is started anew."""

Follow = Callable[[str, OperationHandle], Discovery]
"""Shows the progress of a method's job and waits for its end."""


@dataclass(frozen=True, eq=False)
class Discovered:
    """What one method found, with its scorecard; seconds: of the job, from its acceptance."""

    subject: Subject
    method: str
    finding_set: str
    digest: str
    count: int
    seconds: float
    reused: bool
    scorecard: Scorecard
    hints: tuple[str, ...]

    def best(self, count: int) -> list[FindingScore]:
        """Findings by effect, one for every scorer, those below the random floor left out."""
        found: dict[str, FindingScore] = {}
        for score in sorted(self.scorecard.findings, key=lambda each: -each.effect_sd):
            if score.target != "none":
                found.setdefault(score.target, score)
        return list(found.values())[:count]


def discover(client: Client, subject: Subject, method: str, follow: Follow) -> Discovered:
    """Raises ApiError where the discovery fails."""
    handle, reused = _start(client, subject, method)
    result = follow(method, handle)
    stored = client.finding_set(result.finding_set)
    return Discovered(
        subject=subject,
        method=method,
        finding_set=result.finding_set,
        digest=result.digest,
        count=result.finding_count,
        seconds=handle.progress().seconds,
        reused=reused,
        scorecard=client.scorecard(result.finding_set),
        hints=stored.value.hints,
    )


def _start(client: Client, subject: Subject, method: str) -> tuple[OperationHandle, bool]:
    """The job of this very question: a new one, or the one of an earlier run unless it failed."""
    for attempt in range(ATTEMPTS):
        handle = client.discover(
            subject.generator.name,
            method,
            [model.name for model in subject.predictors],
            parameters=subject.world.methods[method],
            seed=SEED,
            samples=subject.world.samples,
            request_id=request_id(subject, method, attempt),
        )
        job = handle.job()
        if job.error is None:
            break
    return handle, job.done


def request_id(subject: Subject, method: str, attempt: int = 0) -> str:
    """The same question has the same id: the service answers it with the same operation."""
    judges = [model.digest for model in subject.predictors]
    world = subject.world
    asked = [method, dict(world.methods[method]), SEED, world.samples]
    question = [subject.generator.digest, *judges, *asked, attempt]
    return str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(["directrix.demo", *question])))
