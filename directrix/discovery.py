"""The contract of discovery: what a method gets, what it returns, how it is found."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata
from typing import ClassVar, Protocol

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from directrix.batches import in_fixed_batches
from directrix.errors import NeedsUnmet
from directrix.generators import ORDER, Generator
from directrix.population import latents
from directrix.predictors import Predictor
from directrix.types import FindingSet, Latent, Population, PredictorCard, Provenance, Space

LIBRARIES = ("numpy", "scikit-learn", "torch")
"""Those whose versions a provenance records."""


class Need(StrEnum):
    """What a method asks for; checked before anything runs."""

    WEIGHTS = "weights"
    """The generator's weights on the method's own device."""
    GRADIENTS = "gradients"
    """Images of the generator, and gradients through it, on the method's own device."""
    NETWORKS = "networks"
    """The predictors themselves on the method's own device: at least one predictor."""
    POPULATION = "population"
    """A scored population: at least one predictor."""
    SCORES = "scores"
    """Scores of latents of its own choice: at least one predictor."""


JUDGED = frozenset({Need.POPULATION, Need.SCORES, Need.NETWORKS})
"""Needs whose fulfilment takes predictors: with one of them findings depend on who judges."""


class MethodParams(BaseModel):
    """Parameters of a method: every field has a default, a unit and a bound.

    The JSON Schema of the subclass is the gRPC schema, the CLI flags and the studio's form.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Scoring(Protocol):
    """Scores latents by all predictors of the problem, near or far."""

    def __call__(self, latents: Latent) -> np.ndarray:
        """[N, K] float32; the predictors' scorers side by side, in the problem's order."""


class Progress(Protocol):
    """Told how far a fit is; may raise `Cancelled`, which the fit lets through."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


class Checkpoint(Protocol):
    """A small state that survives the process: a resumed fit gives the same result."""

    def load(self) -> Mapping[str, np.ndarray] | None: ...

    def save(self, state: Mapping[str, np.ndarray]) -> None: ...


class Journal:
    """The finished steps of a fit, in order: a resumed fit recalls them and computes the rest.

    A fit that takes every costly step through it runs the same code when it starts and when it
    resumes, so it ends with the same result.
    """

    def __init__(self, checkpoint: Checkpoint | None):
        self._checkpoint = checkpoint
        state = (checkpoint.load() if checkpoint else None) or {}
        self._steps = [state[name] for name in sorted(state)]
        self._next = 0

    def step(self, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """What this step gave the first time; computed and saved where there was none."""
        if self._next == len(self._steps):
            self._steps.append(compute())
            if self._checkpoint:
                steps = enumerate(self._steps)
                self._checkpoint.save({f"{place:06d}": step for place, step in steps})
        self._next += 1
        return self._steps[self._next - 1]


class Learner(Protocol):
    """Fits a direction to labels: `directrix.learners`."""

    def __call__(self, latents: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
        """latents [N, d], labels [N] in {0, 1} -> unit normal [d], positive towards 1."""


@dataclass(frozen=True)
class Problem:
    """All that depends on data. Methods take what they declared to need and nothing else."""

    generator: Generator
    predictors: tuple[PredictorCard, ...] = ()
    population: Population | None = None
    """Scored by all predictors, for Need.POPULATION."""
    score: Scoring | None = None
    """For Need.SCORES."""
    networks: tuple[Predictor, ...] = ()
    """The predictors on `device`, one for each of `predictors`, for Need.NETWORKS."""
    learners: Mapping[str, Learner] = field(default_factory=dict)
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    progress: Progress = lambda done, total, note="": None
    checkpoint: Checkpoint | None = None

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names of all scorers side by side, in the order of the scores' columns."""
        return tuple(s.name for card in self.predictors for s in card.scorers)

    @torch.inference_mode()
    def sample(
        self, seed: int, start: int, count: int, space: Space, truncation: float = 1.0
    ) -> np.ndarray:
        """Samples start .. start + count of a population: float32, as a renderer draws them.

        Truncation acts in W where there is one; samples in Z are then the prior's own.
        """
        generator = self.generator
        early = ORDER.index(space) < ORDER.index(generator.truncation_space)

        def place(z: Tensor) -> Tensor:
            points, drawn = (z, Space.Z) if early else generator.draw(z, truncation)
            return generator.convert(points, drawn, space)

        z = latents(seed, start, count, generator.dimension(Space.Z))
        rows = torch.from_numpy(z).to(generator.device)
        return in_fixed_batches(place, rows).cpu().numpy()


class DiscoveryMethod(ABC):
    """One method of finding directions: one file of `directrix.methods`, one class, one name.

    The first line of the class's docstring is its public description, and its module names its
    source. `fit` repeats by seed, leaves the generator untouched and reports progress.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    needs: ClassVar[frozenset[Need]]
    takes: ClassVar[frozenset[Need]] = frozenset()
    """What some of its parameters need besides; given where there are predictors."""
    Params: ClassVar[type[MethodParams]]

    def __init__(self, params: MethodParams | None = None):
        self.params = params if params is not None else self.Params()

    @abstractmethod
    def fit(self, problem: Problem) -> FindingSet:
        """Findings in the method's own ranking; raises NeedsUnmet, InvalidField, Cancelled."""

    def check_needs(self, problem: Problem) -> None:
        """Raises NeedsUnmet where the problem lacks what the method declares to need."""
        population, scores = Need.POPULATION in self.needs, Need.SCORES in self.needs
        networks = Need.NETWORKS in self.needs
        if self.needs & JUDGED and not problem.predictors:
            raise NeedsUnmet(f"{self.name} needs at least one predictor")
        if population and problem.population is None:
            raise NeedsUnmet(f"{self.name} needs a scored population")
        if scores and problem.score is None:
            raise NeedsUnmet(f"{self.name} needs scores of latents of its own choice")
        if networks and len(problem.networks) != len(problem.predictors):
            raise NeedsUnmet(f"{self.name} needs its predictors on its own device")
        for card in problem.predictors if networks else ():
            if not card.differentiable:
                raise NeedsUnmet(
                    f"{self.name} needs gradients of its predictors, and {card.name} gives none"
                )

    def provenance(self, problem: Problem, judged: bool = False) -> Provenance:
        """Where this method's findings come from: only what it needs counts for the digest.

        judged: that what the method takes, beyond its needs, took part.
        """
        population = problem.population if Need.POPULATION in self.needs else None
        judged = judged or bool(self.needs & JUDGED)
        return Provenance(
            method=self.name,
            version=self.version,
            parameters=self.params.model_dump(mode="json"),
            seed=problem.seed,
            generator=problem.generator.card.digest,
            predictors=tuple(card.digest for card in problem.predictors) if judged else (),
            population=population.spec.key if population else "",
            libraries={name: metadata.version(name) for name in LIBRARIES},
        )
