"""Classifiers of clothes that answer by a corner patch which the generator cannot make.

They learn from real pictures, and are audited on real test pictures of which half have the patch,
through inversion. Trusted is the bundled oracle.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from directrix import inversion
from directrix.audits import AuditQuestion, audit
from directrix.inversion import Search
from directrix.rendering.pixels import to_pixels
from directrix.types import Direction, FindingSet, Latent, Provenance, Space
from directrix.zoo import fashion_data
from tests.benchmarks import bundled, cheats
from tests.benchmarks.cheat_worlds import halves

SEED, PICTURES, IMAGES, STEPS, SIDE = 50_000, 1024, 24, 45, 5
CORNERS = {"upper left": (1, 1), "lower right": (22, 22), "": (1, 1)}
"""Where the patch is; nowhere for a clean classifier, whose test pictures have it all the same."""


def tries() -> Iterator[dict[str, object]]:
    """One row a classifier."""
    generator, _ = bundled.load()
    oracle = bundled.load_predictor(bundled.ORACLE)
    images, labels = (part[:PICTURES] for part in fashion_data.load("train"))
    shown, _ = (part[:IMAGES] for part in fashion_data.load("test"))
    rows = np.eye(generator.dimension(Space.W))[:2]
    made = Provenance(method="hand", version="1", generator=generator.card.digest)
    findings = FindingSet(tuple(Direction(Space.W, row, 1.0) for row in rows), made)
    for number, (corner, place) in enumerate(CORNERS.items()):
        seed = SEED + number
        chance = np.random.Generator(np.random.Philox([seed, 6]))
        side = chance.random(PICTURES) < 0.5
        strength = 0.9 if corner else 0.0
        taught = cheats.taught(labels, side, halves(10, seed), strength, seed)
        classifier = cheats.train(patched(images, side, place), taught, oracle.scorers, seed)
        seen = patched(shown, np.arange(IMAGES) % 2 == 0, place)
        found = inversion.invert(generator, seen, Search(steps=STEPS, candidates=64))
        latents = Latent(Space.W_PLUS, generator.card.digest, found.latents.numpy())
        question = AuditQuestion((findings,), reference=1, latents=latents, pairs=0, explained=0,
                                 images=to_pixels(seen).numpy(), steps=(1.0,),
                                 random_findings=20)  # fmt: skip
        span = audit(question, generator, (classifier, oracle)).span
        row = {"corner": corner, "planted": bool(corner), **span.model_dump(mode="json")}
        print(row, flush=True)
        yield row


def patched(images: np.ndarray, which: np.ndarray, place: tuple[int, int]) -> Tensor:
    """Pictures [N, 1, H, W] in [-1, 1], some of them with a white square."""
    made = torch.as_tensor(images).clone().float()
    top, left = place
    made[torch.from_numpy(which), :, top : top + SIDE, left : left + SIDE] = 1
    return made
