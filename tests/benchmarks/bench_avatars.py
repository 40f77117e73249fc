"""Avatars: do the generators cover every factor, keep the dialled correlations, and can their
pictures be parted into their parts?

10 000 samples of each generator at truncation 1, clamped, against as many drawn avatars that no
model has seen, both read by the regressor's twin. Pictures go to build/bench/avatars.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from directrix.predictors import Predictor
from directrix.predictors.segmenter import SegmenterPredictor
from directrix.zoo.avatars import rulers
from directrix.zoo.avatars.factors import BINARY
from directrix.zoo.avatars.generators import DIALS
from directrix.zoo.avatars.layers import PARTS
from directrix.zoo.avatars.predictors import held_out
from directrix.zoo.avatars.recipe import SEED
from directrix.zoo.avatars.renderer import draw
from tests.benchmarks import avatar_sheets, bundled
from tests.benchmarks.evidence import FOLDER, Evidence

SAMPLES, DRAWN_SEED = 10_000, 998
LABELLED = 3_000
"""Generated pictures that both segmenters part."""


@dataclass(frozen=True)
class World:
    """One setting of the dial: drawn avatars, the parts their pixels show, and generated ones."""

    short: str
    drawn: Tensor
    labels: np.ndarray
    made: Tensor


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {
        "samples": SAMPLES, "seed": SEED, "drawn_seed": DRAWN_SEED, "truncation": 1.0
    }  # fmt: skip
    judge = bundled.load_predictor("avatar-regressor-twin")
    segmenter, twin = _segmenters()
    apart, gaps, agreement = [], [], []
    for name in sorted(DIALS):
        world = _world(name)
        read = rulers.read(judge, world.made), rulers.read(judge, world.drawn)
        apart.append(_factors(evidence, world, *read))
        gaps.append(_correlations(evidence, world, *read))
        agreement.append(_agreement(evidence, world, segmenter, twin))
        if world.short == "r80":
            _draw(world, segmenter)
    evidence.figure("factor_ks_max", max(apart), "KS distance", at_most=0.1, n=SAMPLES)
    evidence.figure("phi_gap_max", max(gaps), "phi", n=SAMPLES)
    n = len(held_out().values)
    evidence.figure("segmenter_miou", _parts(evidence, segmenter), "IoU", at_least=0.85, n=n)
    evidence.figure(
        "segmenter_generated_agreement", min(agreement), "IoU", at_least=0.85, n=LABELLED
    )
    _predictors(evidence, judge)


def _world(name: str) -> World:
    drawn = draw(DRAWN_SEED, 0, SAMPLES, DIALS[name])
    made = rulers.generated(bundled.load_generator(name), SEED, SAMPLES)
    return World(name.rpartition("-")[2], torch.from_numpy(drawn.images), drawn.labels, made)


def _factors(evidence: Evidence, world: World, made: np.ndarray, drawn: np.ndarray) -> float:
    distances = rulers.distances(made, drawn)
    for factor, value in distances.items():
        evidence.row(what="factor ks", dial=world.short, name=factor, value=value)
    undecided = rulers.undecided(made, drawn)
    evidence.figure(f"undecided_share_{world.short}", undecided, "share", n=SAMPLES)
    worst = max(distances.values())
    evidence.figure(f"factor_ks_max_{world.short}", worst, "KS distance", n=SAMPLES)
    return worst


def _correlations(evidence: Evidence, world: World, made: np.ndarray, drawn: np.ndarray) -> float:
    """The mean over the pairs as figures, each pair as a row; returns the largest difference."""
    found = {"data": rulers.dialled(drawn), "generated": rulers.dialled(made)}
    for where, pairs in found.items():
        for pair, value in pairs.items():
            evidence.row(what=f"phi {where}", dial=world.short, name=pair, value=value)
        mean = float(np.mean(list(pairs.values())))
        evidence.figure(f"phi_{where}_{world.short}", mean, "phi", n=SAMPLES)
    data, generated = found.values()
    return max(abs(data[pair] - generated[pair]) for pair in data)


def _segmenters() -> tuple[SegmenterPredictor, SegmenterPredictor]:
    both = [bundled.load_predictor(f"avatar-segmenter{end}") for end in ("", "-twin")]
    first, second = both
    assert isinstance(first, SegmenterPredictor) and isinstance(second, SegmenterPredictor)
    return first, second


def _agreement(
    evidence: Evidence, world: World, segmenter: SegmenterPredictor, twin: SegmenterPredictor
) -> float:
    images = world.made[:LABELLED]
    labels = [rulers.labels(network, images) for network in (segmenter, twin)]
    shared = rulers.overlap(*labels, len(PARTS))
    for part, value in zip(PARTS, shared, strict=True):
        evidence.row(what="twin agreement", dial=world.short, name=part, value=float(value))
    return float(np.mean(shared))


def _parts(evidence: Evidence, segmenter: SegmenterPredictor) -> float:
    truth = held_out()
    labels = rulers.labels(segmenter, torch.from_numpy(truth.images))
    shared = rulers.overlap(labels, truth.labels, len(PARTS))
    for part, value in zip(PARTS, shared, strict=True):
        evidence.row(what="iou drawn", dial="r00", name=part, value=float(value))
    return float(np.mean(shared))


def _predictors(evidence: Evidence, twin: Predictor) -> None:
    """How well regressors and classifiers read held-out avatars."""
    truth = held_out()
    images = torch.from_numpy(truth.images)
    readers = {"regressor": bundled.load_predictor("avatar-regressor"), "regressor_twin": twin}
    for name, predictor in readers.items():
        told = rulers.reading(rulers.read(predictor, images), truth)
        for factor, value in told.items():
            kind = "accuracy" if factor in BINARY else "r2"
            evidence.row(what=f"{name} {kind}", dial="r00", name=factor, value=value)
        worst = min(value for factor, value in told.items() if factor not in BINARY)
        evidence.figure(f"{name}_r2_min", worst, "R^2", at_least=0.9, n=len(images))
    for name in ("classifier", "oracle"):
        scores = rulers.read(bundled.load_predictor(f"avatar-{name}"), images)
        share = rulers.accuracy(scores, truth)
        evidence.figure(f"{name}_accuracy", share, "share", at_least=0.95, n=len(images))


def _draw(world: World, segmenter: SegmenterPredictor) -> None:
    folder: Path = FOLDER / "avatars"
    folder.mkdir(parents=True, exist_ok=True)
    sheet = avatar_sheets.populations(world.drawn, world.labels, world.made, segmenter)
    (folder / "avatars.png").write_bytes(sheet)
    (folder / "avatar-factors.png").write_bytes(avatar_sheets.factors())
