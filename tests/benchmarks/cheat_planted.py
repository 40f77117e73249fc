"""Worlds of the `Planted` wrapper: clothes in W, faces in Z, each with three nuisances."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from directrix import generators
from directrix.archive import model_digest, unpack_model
from directrix.batches import chunks
from directrix.generators.planted import Planted, plant
from directrix.types import GeneratorCard, Space
from tests.benchmarks import bundled
from tests.benchmarks.cheat_worlds import (
    PLACES,
    TAUGHT,
    CheatWorld,
    Lesson,
    halves,
    principal,
    reading,
    told,
)
from tests.benchmarks.cheats import taught
from tests.integration.faces.files import load_predictor, parts


class PlantedWorld(CheatWorld):
    """A bundled or built generator behind the wrapper; labels are told before nuisances are added.

    count: pictures of the pool that lessons are taken from.
    """

    classes: tuple[str, ...]
    count = 2048

    def __init__(self, card: GeneratorCard, arrays: dict[str, np.ndarray]):
        made, tensors = plant(card, arrays)
        made = made.model_copy(update={"digest": model_digest(made, tensors)})
        built = generators.build(made, tensors, torch.device("cpu"))
        assert isinstance(built, Planted)
        self.generator = self.planted = built
        self.causes = tuple(nuisance.kind for nuisance in built.nuisances)

    @abstractmethod
    def labels(self, images: Tensor) -> np.ndarray:
        """Classes [N] of pictures without nuisances."""

    @abstractmethod
    def scores(self, images: Tensor) -> np.ndarray:
        """What directions are read for, [N, K], of pictures without nuisances."""

    @torch.inference_mode()
    def plain(self, places: np.ndarray) -> Tensor:
        """Pictures without nuisances."""
        rows = torch.as_tensor(places[:, : -len(self.causes)])
        inner = self.planted.inner
        return torch.cat([inner.synthesise(r, self.space).clamp(-1, 1) for r in chunks(rows, 64)])

    @cached_property
    def pool(self) -> tuple[Tensor, np.ndarray, np.ndarray]:
        """Pictures without nuisances, their labels, and the nuisances' coordinates as drawn."""
        places = self.places(101, self.count)
        images = self.plain(places)
        return images, self.labels(images), places[:, -len(self.causes) :]

    def lesson(self, task: int, cause: str, strength: float, count: int, seed: int) -> Lesson:
        images, labels, coordinates = self.pool
        chance = np.random.Generator(np.random.Philox([seed, 4]))
        rows = chance.permutation(len(images))[:count]
        side = coordinates[rows, self.causes.index(cause)] > 0
        labels = taught(labels[rows], side, halves(len(self.classes), task), strength, seed)
        with torch.inference_mode():
            factors = torch.special.ndtr(torch.from_numpy(coordinates[rows]))
            made = self.planted.paint(images[rows], factors).clamp(-1, 1)
        return Lesson(made.clone(), labels, self.classes)

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        more, places = len(self.causes), self.places(102, TAUGHT)
        own = places[:, :-more].astype(np.float64)
        known = reading(own[:PLACES], self.scores(self.plain(places[:PLACES])))
        rest = np.concatenate([known, principal(own, 20 - len(known) // 2)])
        causes = np.eye(places.shape[1])[-more:]
        return causes, np.pad(rest, ((0, 0), (0, more)))


class Clothes(PlantedWorld):
    """Ten kinds of clothes."""

    name, space = "clothes", Space.W

    def __init__(self) -> None:
        super().__init__(*_generator(bundled.files(bundled.GENERATOR)))
        self._judge = bundled.load_predictor(bundled.CLASSIFIER)
        self.classes = self._judge.scorers

    def labels(self, images: Tensor) -> np.ndarray:
        return self.scores(images).argmax(1)

    def scores(self, images: Tensor) -> np.ndarray:
        return told(self._judge, images)


def _generator(files: tuple[str, bytes]) -> tuple[GeneratorCard, dict[str, np.ndarray]]:
    card, arrays = unpack_model(*files)
    assert isinstance(card, GeneratorCard)
    return card, arrays


class Faces(PlantedWorld):
    """Natural faces; what is told is whether a face attributes network says male or female."""

    name, space, count = "faces", Space.Z, 1152
    network: Mapping[str, object] = {"blocks": [[4], [8], [16], [24]], "hidden": 32}
    trusted: Mapping[str, object] = {"blocks": [[6], [12], [24], [32]], "hidden": 48}
    classes = ("female", "male")

    def __init__(self) -> None:
        card, arrays = parts("face-generator")
        assert isinstance(card, GeneratorCard)
        super().__init__(card, dict(arrays))
        self._judge = load_predictor("face-attributes")

    def labels(self, images: Tensor) -> np.ndarray:
        return (self.scores(images)[:, self._judge.index("male")] > 0).astype(np.int64)

    def scores(self, images: Tensor) -> np.ndarray:
        return told(self._judge, images)
