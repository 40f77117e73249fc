"""Avatars moved along the directions of three methods, as far as the target says the same."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from directrix.client.sheets import Sheet
from directrix.types import Finding, Space
from directrix.zoo.avatars.factors import NAMES
from tests.benchmarks.evidence import FOLDER
from tests.benchmarks.matched_walks import Held, matched_strengths

SHOWN = ("age_lines", "lip_colour")
COLUMNS, CHANGE = 10, 1.7
CALLED = {"interfacegan": "InterFaceGAN", "conditional": "projected", "sc2gan": "SC2GAN"}


def draw(
    held: Held,
    base: np.ndarray,
    found: Mapping[str, Mapping[str, Finding]],
    rises: Mapping[str, Mapping[str, np.ndarray]],
    partner: Mapping[str, str],
) -> Path:
    """build/bench/sc2gan/sc2gan.png: latents of dense cells, each method a row below them."""
    rows: list[tuple[np.ndarray, ...]] = []
    labels: list[str] = []
    for target in SHOWN:
        own, other = NAMES.index(target), NAMES.index(partner[target])
        start = base[: held.moved]
        middle, spread = base.mean(0), base.std(0)
        high = (start[:, [own, other]] > (middle + 0.8 * spread)[[own, other]]).all(1)
        low = (start[:, [own, other]] < (middle - 0.8 * spread)[[own, other]]).all(1)
        ends = [np.flatnonzero(side)[: COLUMNS // 2] for side in (high, low)]
        chosen = np.concatenate(ends)
        rows.append(_tiles(held, held.codes[chosen], Space.W))
        labels.append("as they are")
        for name, title in CALLED.items():
            if target not in found[name]:
                continue
            finding = found[name][target]
            strengths = matched_strengths(rises[name][target], base, own, CHANGE, held.alphas)
            sides = np.where(start[:, own] < base[:, own].mean(), 1.0, -1.0)
            codes, space = held.at(finding, sides * strengths)
            rows.append(_tiles(held, codes[chosen], space))
            labels.append(f"{target.replace('_', ' ')}: {title}")
    folder = FOLDER / "sc2gan"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sc2gan.png"
    path.write_bytes(Sheet(tuple(rows), tuple(labels), ("",) * len(rows[0])).png(2))
    return path


@torch.inference_mode()
def _tiles(held: Held, codes: np.ndarray, space: Space) -> tuple[np.ndarray, ...]:
    images = held.generator.synthesise(torch.from_numpy(codes), space).clamp(-1, 1)
    pixels = ((images + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return tuple(pixels)
