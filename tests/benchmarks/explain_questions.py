"""What explanations are asked: pairs of classes and pictures, fixed before anything was tuned.

Twenty-five questions for each of twenty ordered pairs of clothes, about generated and about real
pictures. Generated ones are samples of a seed that is used nowhere else, of the class that the
classifier sees; real ones are test images of the class that they are labelled with, whatever the
classifier says of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from directrix.archive import finding_set_digest
from directrix.discovery import Problem
from directrix.methods.interfacegan import InterFaceGan, InterFaceGanParams
from directrix.methods.sefa import SeFa, SefaParams
from directrix.rendering import Renderer
from directrix.rendering.pixels import to_pixels
from directrix.types import FindingSet, Population, PopulationSpec, Space
from directrix.zoo import fashion_data
from tests.benchmarks import bundled

PAIRS = (
    ("t-shirt", "shirt"),
    ("t-shirt", "dress"),
    ("pullover", "coat"),
    ("pullover", "shirt"),
    ("coat", "shirt"),
    ("sneaker", "sandal"),
    ("sneaker", "boot"),
    ("sandal", "boot"),
    ("dress", "coat"),
    ("bag", "shirt"),
)
BOTH_WAYS = (*PAIRS, *((b, a) for a, b in PAIRS))
EACH = 25
SEED = 7001
POOL = 2500
"""Samples among which enough of every class are found."""
TEACHING, COMPONENTS = 4096, 10
"""Samples of InterFaceGAN's population, and SeFa's components."""


@dataclass(frozen=True)
class Asked:
    """A question about one picture: sample `index` of SEED, or of the test images."""

    source: str
    target: str
    index: int


@dataclass(frozen=True, eq=False)
class Clothes:
    """Generator, classifier and what may be moved; `renderer` knows the findings."""

    renderer: Renderer
    findings: str
    """Digest."""

    @property
    def classes(self) -> tuple[str, ...]:
        return self.renderer.predictors[0].scorers


def clothes() -> Clothes:
    """Ten directions of the classes (InterFaceGAN) and ten that nobody named (SeFa), in W."""
    generator, classifier = bundled.load()
    sets: dict[str, FindingSet] = {}
    renderer = Renderer(generator, [classifier], sets.__getitem__)
    scores = renderer.score(renderer.sample(0, 0, TEACHING, Space.Z))
    spec = PopulationSpec(generator.card.digest, 0)
    population = Population(spec, 0, TEACHING, {classifier.card.digest: scores})
    problem = Problem(generator, (classifier.card,), population=population, seed=0)
    named = InterFaceGan(InterFaceGanParams(space="w")).fit(problem)
    unnamed = SeFa(SefaParams(space="w", components=COMPONENTS)).fit(problem)
    both = FindingSet((*named.findings, *unnamed.findings), named.provenance)
    digest = finding_set_digest(both)
    sets[digest] = both
    return Clothes(renderer, digest)


def about_generated(world: Clothes) -> list[Asked]:
    return generated(world, SEED, EACH)


def generated(world: Clothes, seed: int, each: int) -> list[Asked]:
    """`each` questions a pair about samples of a seed."""
    scores = world.renderer.score(world.renderer.sample(seed, 0, POOL, Space.Z))
    return _asked(world.classes, scores.argmax(1), each)


def about_real(world: Clothes) -> list[Asked]:
    _, labels = fashion_data.load("test")
    return _asked(world.classes, labels, EACH)


def real_picture(index: int) -> np.ndarray:
    """uint8 [H, W, C], laid out as the generator's pictures are."""
    images, _ = fashion_data.load("test")
    return to_pixels(torch.from_numpy(images[index : index + 1])).numpy()[0]


def _asked(classes: Sequence[str], labels: np.ndarray, each: int) -> list[Asked]:
    """`each` of every ordered pair, no picture asked about twice while there are enough."""
    used = dict.fromkeys(classes, 0)
    found = []
    for source, target in BOTH_WAYS:
        own = np.flatnonzero(labels == classes.index(source))
        for _ in range(each):
            found.append(Asked(source, target, int(own[used[source] % len(own)])))
            used[source] += 1
    return found
