"""Clothes for correlation analysis: latents of every class, moved, drawn and judged."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch

from directrix.batches import chunks
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.types import Intervention, Latent, Space
from directrix.walks.motion import Motion, Movable
from tests.benchmarks import bundled

DRAWN, DRAWN_MOST, BATCH = 1024, 16_384, 64


class Clothes:
    """One generator of clothes in one space, a classifier that is analysed, an oracle that is not.

    Scores are of the floats that the generator makes, in batches of 64: a preview's.
    """

    def __init__(
        self,
        generator: Generator,
        space: Space,
        seed: int,
        judges: tuple[Predictor, Predictor] | None = None,
    ):
        """judges: classifier and oracle; None means the bundled ones of Fashion-MNIST."""
        self.generator, self.space, self.seed = generator, space, seed
        self.classifier, self.oracle = judges or (
            bundled.load_predictor(bundled.CLASSIFIER),
            bundled.load_predictor(bundled.ORACLE),
        )
        self.classes = self.classifier.scorers

    def problem(self, seed: int, **parts: object) -> Problem:
        settings: dict[str, object] = {
            "predictors": (self.classifier.card,),
            "networks": (self.classifier,),
            "score": self.score,
        }
        return Problem(self.generator, seed=seed, **(settings | parts))

    def score(self, latents: Latent) -> np.ndarray:
        return self.scores(latents.values)

    @torch.inference_mode()
    def scores(self, points: np.ndarray, judge: Predictor | None = None) -> np.ndarray:
        """[N, d] -> [N, classes], of the classifier unless another judge is given."""
        network = judge or self.classifier
        parts = [
            network.scores(self.generator.synthesise(rows, self.space))
            for rows in chunks(torch.tensor(points), BATCH)
        ]
        return torch.cat(parts).numpy()

    def winners(self, points: np.ndarray, judge: Predictor | None = None) -> np.ndarray:
        """The class of each image, [N]."""
        return self.scores(points, judge).argmax(1)

    def starts(self, count: int) -> list[np.ndarray]:
        """`count` latents of each class, or fewer of classes that are rarer: [n_c, d] each."""
        found: list[list[np.ndarray]] = [[] for _ in self.classes]
        for start in range(0, DRAWN_MOST, DRAWN):
            points = self.problem(self.seed).sample(self.seed, start, DRAWN, self.space)
            for point, winner in zip(points, self.winners(points), strict=True):
                found[winner].append(point)
            if min(map(len, found)) >= count:
                break
        empty = np.empty((0, self.generator.dimension(self.space)), np.float32)
        return [np.array(points[:count]) if points else empty for points in found]

    @cached_property
    def pairs(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The ordered pairs of classes in two seeded halves: to set things on, and to judge."""
        count = len(self.classes)
        all_pairs = [(c, t) for c in range(count) for t in range(count) if c != t]
        order = np.random.Generator(np.random.Philox(20)).permutation(len(all_pairs))
        half = len(all_pairs) // 2
        chosen = [all_pairs[i] for i in order]
        return chosen[:half], chosen[half:]


def moved(points: np.ndarray, finding: Movable, alpha: float) -> np.ndarray:
    """Every point [n, d] moved by a finding."""
    motion = Motion(finding, alpha)
    return np.stack([motion.apply(point) for point in points])


def restricted(finding: Intervention, coordinates: Sequence[int] | np.ndarray) -> Intervention:
    """The same values, of some of its coordinates only, at the length that all of `length` had."""
    place = {int(c): i for i, c in enumerate(finding.coordinates)}
    values = finding.values[[place[int(c)] for c in coordinates]]
    return Intervention(finding.space, np.asarray(coordinates), values, finding.operation)


def stretched(finding: Intervention, length: float) -> Intervention:
    """The same move at another Euclidean length."""
    values = finding.values * (length / np.linalg.norm(finding.values))
    return Intervention(finding.space, finding.coordinates, values, finding.operation)
