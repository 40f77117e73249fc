"""Populations: seeded latents of one generator, cut into shards that are computed once."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np

from directrix.types.freeze import frozen

SHARD = 1024
"""Samples a shard: a population of any size is made of whole shards and one rest."""


class Form(StrEnum):
    """How images are computed.

    result: fp32, fixed padded batches; what digests are made of.
    preview: the fastest form; its bytes may differ by one grey level.
    """

    RESULT = "result"
    PREVIEW = "preview"


@dataclass(frozen=True)
class PopulationSpec:
    """Which samples: everything but how many. Its key names the shards in the store."""

    generator: str
    seed: int
    truncation: float = 1.0
    form: Form = Form.RESULT

    @property
    def key(self) -> str:
        text = json.dumps(
            [self.generator, self.seed, self.truncation, self.form], separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class ScoredShard:
    """Scores [n, K] float32 of samples start .. start + n of a population by one predictor."""

    spec: PopulationSpec
    predictor: str
    start: int
    scores: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", frozen(self.scores, np.float32))


@runtime_checkable
class Rows(Protocol):
    """Scores [N, K] float32, wherever they are: a slice of them is an array. So is an array's."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Population:
    """N samples of a spec with their scores: predictor digest -> [N, K] float32.

    Scores may be read as they are asked for: who needs those of all samples takes them in parts.
    Latents are not kept: they follow from the seed (`directrix.population.latents`).
    """

    spec: PopulationSpec
    start: int
    count: int
    scores: Mapping[str, Rows]
