"""Generated faces, what the face networks say of them, and which of it can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from directrix.archive import finding_set_digest
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.metrics import column_labels
from directrix.predictors import Predictor, face_landmarks
from directrix.rendering import Renderer
from directrix.types import (
    FindingRef,
    FindingSet,
    Move,
    Population,
    PopulationSpec,
    Recipe,
    SeedSource,
)
from tests.integration.faces.files import load_generator, load_predictor

CHUNK = 64


@dataclass(frozen=True, eq=False)
class Shown:
    """images: uint8 [N, H, W, 3]. scores: [N, K]. believable: bool [N], by the landmarks."""

    images: np.ndarray
    scores: np.ndarray
    believable: np.ndarray

    def first(self, count: int) -> "Shown":
        return Shown(self.images[:count], self.scores[:count], self.believable[:count])


@dataclass
class FaceWorld:
    """The generator with landmarks and attributes; findings are kept where recipes find them."""

    generator: Generator = field(default_factory=load_generator)
    landmarks: Predictor = field(default_factory=lambda: load_predictor("face-landmarks"))
    attributes: Predictor = field(default_factory=lambda: load_predictor("face-attributes"))
    sets: dict[str, FindingSet] = field(default_factory=dict)

    @cached_property
    def renderer(self) -> Renderer:
        predictors = (self.landmarks, self.attributes)
        return Renderer(self.generator, predictors, self.sets.__getitem__)

    @property
    def labels(self) -> tuple[str, ...]:
        return column_labels((self.landmarks.card, self.attributes.card))

    def column(self, label: str) -> int:
        return self.labels.index(label)

    def keep(self, findings: FindingSet) -> list[FindingRef]:
        """A reference to every finding of the set, in its order."""
        digest = finding_set_digest(findings)
        self.sets[digest] = findings
        return [FindingRef(digest, index) for index in range(len(findings))]

    def show(
        self, seed: int, samples: Sequence[int], along: FindingRef | None = None, alpha: float = 0
    ) -> Shown:
        """Samples of a seed, moved by alpha along a finding where one is given."""
        moves = (Move(along, alpha),) if along else ()
        digest = self.generator.card.digest
        recipes = [
            Recipe(generator=digest, source=SeedSource(seed, i), moves=moves) for i in samples
        ]
        parts = [self._chunk(recipes[i : i + CHUNK]) for i in range(0, len(recipes), CHUNK)]
        return Shown(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def population(self, seed: int, count: int) -> Population:
        """Scores of samples 0 .. count; not-a-number where the landmarks cannot be believed."""
        shown = self.show(seed, range(count))
        scores = np.where(shown.believable[:, None], shown.scores, np.nan)
        cut = len(self.landmarks.scorers)
        by_predictor = {
            self.landmarks.card.digest: scores[:, :cut],
            self.attributes.card.digest: scores[:, cut:],
        }
        spec = PopulationSpec(self.generator.card.digest, seed)
        return Population(spec, 0, count, by_predictor)

    def problem(self, population: Population | None, seed: int) -> Problem:
        cards = (self.landmarks.card, self.attributes.card)
        return Problem(self.generator, predictors=cards, population=population, seed=seed)

    def _chunk(self, recipes: Sequence[Recipe]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rendered = self.renderer.render([self.renderer.plan(recipe) for recipe in recipes])
        believable = rendered.scores[:, self.column(face_landmarks.TRUST)] > 0
        return rendered.images, rendered.scores, believable
