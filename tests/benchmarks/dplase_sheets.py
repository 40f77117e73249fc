"""A picture of DP-LaSE's walks: the same move, linear and norm-preserving, and within channels.

`python -m tests.benchmarks.dplase_sheets` fits DP-LaSE to the DCGAN of avatars first.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from directrix.archive import to_pixels
from directrix.client.sheets import Sheet
from directrix.densities import Step, linear, norm_preserving
from directrix.discovery import Problem
from directrix.methods.dplase import DpLaSE, DpLaseParams
from directrix.traversal import draw_within
from directrix.types import FindingSet, Space, Units
from tests.benchmarks import dcgan_worlds
from tests.benchmarks.bench_dplase import COUNT, vectors
from tests.benchmarks.dcgan_worlds import Walked
from tests.benchmarks.evidence import FOLDER

STRIDES = (-12, -8, -4, 0, 4, 8, 12)
SHOWN, SUBSPACES = 3, 8
SEED = 2**61 + 33


def main() -> None:
    torch.set_num_threads(1)
    world = dcgan_worlds.avatars()
    problem = Problem(world.generator, seed=1)
    params = DpLaseParams(components=COUNT, steps=world.steps, subspaces=SUBSPACES)
    found = DpLaSE(params).fit(problem)
    starts = torch.from_numpy(problem.sample(SEED, 0, SHOWN, Space.Z))
    print(draw(world, found, vectors(found), starts))


def draw(world: Walked, found: FindingSet, directions: Tensor, starts: Tensor) -> Path:
    """Writes build/bench/dplase/NAME.png: the strongest directions from one latent each."""
    rows: list[tuple[np.ndarray, ...]] = []
    labels: list[str] = []
    steps: dict[str, Step] = {"linear": linear, "norm kept": norm_preserving}
    for place in range(SHOWN):
        for name, step in steps.items():
            rows.append(_row(world, starts[place], directions[place], step, None))
            labels.append(f"{place}, {name}")
    for units in [f for f in found.findings if isinstance(f, Units)][:1]:
        rows.append(_row(world, starts[0], directions[0], norm_preserving, units))
        labels.append(f"0, in {len(units.channels)} of {units.layer}")
    columns = tuple(f"{stride:+d}" if stride else "start" for stride in STRIDES)
    sheet = Sheet(tuple(rows), tuple(labels), columns)
    folder = FOLDER / "dplase"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{world.name}.png"
    path.write_bytes(sheet.png(scale=max(1, 64 // world.generator.card.image.height)))
    return path


@torch.no_grad()
def _row(
    world: Walked, start: Tensor, direction: Tensor, step: Step, units: Units | None
) -> tuple[np.ndarray, ...]:
    starts = start.expand(len(STRIDES), -1)
    moved = step(starts, torch.tensor(STRIDES)[:, None] * direction)
    if units is None:
        images = world.generator.synthesise(moved, Space.Z)
    else:
        images = draw_within(world.generator, Space.Z, starts, moved, units)
    return tuple(_pixels(images))


def _pixels(images: Tensor) -> Sequence[np.ndarray]:
    return list(to_pixels(images.numpy()))


if __name__ == "__main__":
    main()
