"""`python determinism_probe.py THREADS PIXELS.npz [SIZE...]`: recipes, rendered in many ways.

Two generators: the bundled style-based one with edits of many kinds and its classifier, and an
untrained DCGAN. SIZEs: batch sizes, 1 to 32 by default. Prints JSON by generator: result and
preview {batch size: digest of the pixels and scores of the first 8 recipes, rendered in batches of
that size}, and plain {batch size: largest difference of the network's own floats to a batch of
32}; saves the pixels of the result.
"""

import json
import sys

import numpy as np
import torch

from directrix import generators, predictors
from directrix.archive import array_digest, finding_set_digest, model_digest, unpack_model
from directrix.generators import Generator, dcgan
from directrix.rendering import Renderer
from directrix.types import (
    Direction,
    Finding,
    FindingRef,
    FindingSet,
    Form,
    Intervention,
    Move,
    Noise,
    Operation,
    Provenance,
    Recipe,
    SeedSource,
    Space,
    Units,
    Walk,
)
from directrix.zoo.model_folder import BUNDLED

CPU = torch.device("cpu")
COUNT = 32
COMPARED = 8
DCGAN = {"z_dim": 100, "widths": [256, 128, 64, 32], "image_channels": 3}


def files(name: str) -> tuple[str, bytes]:
    folder = BUNDLED / name
    return (folder / "card.json").read_text(), (folder / "model.safetensors").read_bytes()


def unit(width: int, at: int) -> np.ndarray:
    return np.eye(width, dtype=np.float32)[at]


class Scene:
    """A renderer and 32 recipes for it."""

    def __init__(self, generator: Generator, scorers: list[str], findings: tuple[Finding, ...]):
        self.generator = generator
        self.digest = generator.card.digest
        provenance = Provenance(method="import", version="1", generator=self.digest)
        self.findings = FindingSet(findings, provenance)
        judges = [predictors.build(*unpack_model(*files(name)), CPU) for name in scorers]
        self.renderer = Renderer(generator, judges, lambda _: self.findings)

    def move(self, index: int, alpha: float, **settings: object) -> Move:
        return Move(FindingRef(finding_set_digest(self.findings), index), alpha, **settings)

    def digests(self, recipes: list[Recipe], form: Form, sizes: tuple[int, ...]) -> dict:
        """Every recipe of the compared ones keeps its place in batches of each size."""
        plans = [self.renderer.plan(recipe) for recipe in recipes]
        return {size: self._digest(plans, size, form) for size in sizes}

    def _digest(self, plans: list, size: int, form: Form) -> str:
        starts = range(0, COMPARED, min(size, COMPARED))
        parts = [self.renderer.render(_batch(plans, start, size), form) for start in starts]
        kept = [min(size, COMPARED - start) for start in starts]
        pairs = list(zip(parts, kept, strict=True))
        images = np.concatenate([part.images[:n] for part, n in pairs])
        scores = np.concatenate([part.scores[:n] for part, n in pairs])
        return array_digest(images) + array_digest(scores)

    def plain(self) -> dict[int, float]:
        """The network by itself, in batches as they come."""
        z = torch.tensor(self.renderer.sample(7, 0, COUNT, Space.Z).values)
        with torch.inference_mode():
            whole = self.generator.synthesise(z, Space.Z)
            parts = {n: self.generator.synthesise(z[:n].clone(), Space.Z) for n in (1, 2, 8, 16)}
        return {n: float((part - whole[:n]).abs().max()) for n, part in parts.items()}


def _batch(plans: list, start: int, size: int) -> list:
    """`size` plans from `start` on, round the corner: others stand beside the compared ones."""
    return [plans[(start + i) % COUNT] for i in range(size)]


def style_scene() -> tuple[Scene, list[Recipe]]:
    generator = generators.build(*unpack_model(*files("fashion-generator")), CPU)
    width, styles = generator.dimension(Space.W), generator.dimension(Space.S)
    findings = (
        Direction(Space.W, unit(width, 3), 1.0),
        Direction(Space.W, unit(width, 5), 1.0, layers=(2, 3)),
        Direction(Space.S, unit(styles, 7), 2.0),
        Units("b8_conv0", np.arange(4), np.ones(4)),
        Intervention(Space.S, np.arange(3), np.ones(3), Operation.ADD),
    )
    scene = Scene(generator, ["fashion-classifier"], findings)
    mask = np.zeros((28, 28), np.float32)
    mask[:14] = 1
    edits = (
        {"moves": (scene.move(0, 1.5),), "truncation": 0.7},
        {"moves": (scene.move(0, 2.0, walk=Walk.GREAT_CIRCLE),)},
        {"moves": (scene.move(1, -1.0), scene.move(3, 0.5))},
        {"moves": (scene.move(2, 1.0), scene.move(4, 0.3))},
        {"moves": (scene.move(0, 2.0, mask=mask),)},
        {"noise": Noise.SEEDED, "noise_seed": 5},
        {"moves": (scene.move(0, -1.0),), "noise": Noise.NONE},
        {},
    )
    recipes = [
        Recipe(scene.digest, SeedSource(7, i), **edits[i % len(edits)]) for i in range(COUNT)
    ]
    return scene, recipes


def dcgan_scene() -> tuple[Scene, list[Recipe]]:
    arrays = dcgan.random_arrays(DCGAN, seed=0)
    arrays |= {name: 3 * a for name, a in arrays.items() if a.ndim == 4}
    card = dcgan.card(DCGAN, name="untrained")
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    scene = Scene(generators.build(card, arrays, CPU), [], (Direction(Space.Z, unit(100, 1), 1.0),))
    recipes = [
        Recipe(scene.digest, SeedSource(7, i), moves=(scene.move(0, 0.5 * (i % 5)),))
        for i in range(COUNT)
    ]
    return scene, recipes


def main(threads: int, pixels: str, sizes: tuple[int, ...]) -> None:
    torch.set_num_threads(threads)
    out: dict[str, object] = {"capability": torch.backends.cpu.get_cpu_capability()}
    images = {}
    for name, (scene, recipes) in {"style": style_scene(), "dcgan": dcgan_scene()}.items():
        out[name] = {
            "result": scene.digests(recipes, Form.RESULT, sizes),
            "preview": scene.digests(recipes, Form.PREVIEW, (1, 8, 32)),
            "plain": scene.plain(),
        }
        plans = [scene.renderer.plan(recipe) for recipe in recipes]
        made = scene.renderer.render(plans)
        images |= {name: made.images, f"{name} scores": made.scores}
    np.savez(pixels, **images)
    print(json.dumps(out))


if __name__ == "__main__":
    wanted = tuple(map(int, sys.argv[3:])) or tuple(range(1, COUNT + 1))
    main(int(sys.argv[1]), sys.argv[2], wanted)
