"""Costs: what jobs cost that succeeded, and from it what others like them will.

Jobs are alike where method, models and parameters are the same; seed, and number of samples or the
pictures themselves, may differ. An estimate is a straight line over the samples, through what was
measured.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

import numpy as np

from directrix.archive import canonical_json, sha256
from services.artifacts import keys
from services.artifacts.store import ArtifactStore
from services.jobs.budgets import Spent
from services.jobs.job import Job
from services.jobs.specs import AuditSpec, DiscoverySpec, EncoderSpec, PicturesSpec, Spec

LOOKED_AT = 16
"""Jobs that an estimate rests on at most: the latest ones."""


@dataclass(frozen=True)
class Cost:
    """size: of the job's population, or its number of training steps."""

    size: int
    spent: Spent


@dataclass(frozen=True)
class Estimate:
    """seconds: of workers' time; low and high: of the jobs that it rests on, brought to this one's
    size. error: how far such an estimate of each of them by the others was off, as a share of its
    time, the median; None where there is only one."""

    seconds: float
    seconds_low: float
    seconds_high: float
    images: int
    memory_mb: int
    jobs: int
    error: float | None


class Costs:
    """Of all projects; each has its own. Raises StoreUnavailable."""

    def __init__(self, store: ArtifactStore):
        self._store = store

    def remember(self, job: Job) -> None:
        """A job that has succeeded."""
        entry = {"size": size_of(job.spec), "spent": job.spent.model_dump(mode="json")}
        self._store.put(keys.cost(job.project, kind_of(job.spec), job.id), canonical_json(entry))

    def alike(self, project: str, spec: Spec) -> list[Cost]:
        """The latest first; job ids are in that order."""
        found = self._store.keys(keys.costs(project, kind_of(spec)))
        entries = [json.loads(self._store.get(key)) for key in islice(found, LOOKED_AT)]
        return [Cost(e["size"], Spent.model_validate(e["spent"])) for e in entries]

    def estimate(self, project: str, spec: Spec) -> Estimate | None:
        """None where no job like it has succeeded yet."""
        return estimated(self.alike(project, spec), size_of(spec))


def estimated(costs: Sequence[Cost], size: int) -> Estimate | None:
    if not costs:
        return None
    line = _line(costs)
    wanted = _at(line, size)
    scaled = [cost.spent.seconds * wanted / max(_at(line, cost.size), 1e-9) for cost in costs]
    return Estimate(
        seconds=wanted,
        seconds_low=min(scaled),
        seconds_high=max(scaled),
        images=round(_at(_line(costs, "images"), size)),
        memory_mb=max(cost.spent.memory_mb for cost in costs),
        jobs=len(costs),
        error=_error(costs) if len(costs) > 1 else None,
    )


def kind_of(spec: Spec) -> str:
    """The digest of what jobs that are alike have in common."""
    shared = spec.model_copy(update={"seed": 0, **_without_size(spec)})
    return sha256(canonical_json([type(spec).__name__, shared.digest]))


def size_of(spec: Spec) -> int:
    match spec:
        case EncoderSpec():
            return spec.steps
        case AuditSpec():
            return spec.pictures.count if spec.pictures else spec.samples
        case DiscoverySpec():
            return spec.samples


def _without_size(spec: Spec) -> dict[str, object]:
    match spec:
        case EncoderSpec():
            return {"steps": 0}
        case AuditSpec(pictures=PicturesSpec() as pictures):
            return {"pictures": pictures.model_copy(update={"images": "", "count": 0})}
        case _:
            return {"samples": 0}


def _line(costs: Sequence[Cost], what: str = "seconds") -> tuple[float, float]:
    """(at 0, per unit of size), neither negative; through 0 where all jobs have one size."""
    sizes = np.array([cost.size for cost in costs], float)
    values = np.array([float(getattr(cost.spent, what)) for cost in costs])
    if len(set(sizes)) > 1:
        slope, start = np.polyfit(sizes, values, 1)
        if slope >= 0 and start >= 0:
            return float(start), float(slope)
    if sizes.max() == 0:
        return float(median(values)), 0.0
    return 0.0, float(median(values / np.maximum(sizes, 1.0)))


def _at(line: tuple[float, float], size: int) -> float:
    return line[0] + line[1] * size


def _error(costs: Sequence[Cost]) -> float:
    """Each is foretold by the others."""
    off = []
    for place, cost in enumerate(costs):
        others = [*costs[:place], *costs[place + 1 :]]
        told = _at(_line(others), cost.size)
        off.append(abs(told - cost.spent.seconds) / max(cost.spent.seconds, 1e-9))
    return float(median(off))
