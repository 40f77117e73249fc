"""Filmstrips of faces along what was found, for the documents."""

from collections.abc import Sequence

import numpy as np

from directrix.client.sheets import Sheet
from directrix.types import FindingRef, FindingSet
from tests.benchmarks.evidence import FOLDER
from tests.integration.faces.world import FaceWorld

SEED = 2**61 + 3
"""Of the faces shown; no method and no measurement has seen them."""
FACES = (20, 25, 26)
ALPHAS = (-3.0, -1.5, 0.0, 1.5, 3.0)
LABELS = tuple(f"{alpha:+g}" if alpha else "as it is" for alpha in ALPHAS)


def draw_sheets(
    world: FaceWorld, found: FindingSet, conditional: FindingSet, names: Sequence[str]
) -> None:
    """PNGs in build/bench/faces: one a direction, faces down, strength across; and gender's, two
    faces as the direction moves them and with the conditions held."""
    strips = {name: _strips(world, ref) for name, ref in zip(names, world.keep(found), strict=True)}
    for name, rows in strips.items():
        _draw(name, Sheet(tuple(rows), ("",) * len(rows), LABELS))
    held = _strips(world, world.keep(conditional)[0])
    pairs = [row for pair in zip(strips["male"][:2], held[:2], strict=True) for row in pair]
    _draw("gender", Sheet(tuple(pairs), ("plain", "held") * 2, LABELS))


def _strips(world: FaceWorld, ref: FindingRef) -> list[tuple[np.ndarray, ...]]:
    """One row a face: its pictures at every strength."""
    columns = [world.show(SEED, FACES, ref, alpha).images for alpha in ALPHAS]
    return list(zip(*columns, strict=True))


def _draw(name: str, sheet: Sheet) -> None:
    folder = FOLDER / "faces"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(sheet.png(scale=2))
