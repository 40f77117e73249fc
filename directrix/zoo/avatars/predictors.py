"""Recipes of the avatars' predictors: regressor, classifier, segmenter, and a twin of each.

A twin has another width, seed, training stream and disturbance; all are measured on the same
held-out avatars. All training avatars have the dial at 0, so that no predictor learns one factor
from another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from directrix import predictors
from directrix.predictors import Predictor
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.predictors.segmenter import SegmenterNetwork, SegmenterPredictor
from directrix.types import Metric, PredictorCard, ScoreKind, Scorer
from directrix.zoo.avatars import rulers
from directrix.zoo.avatars.factors import BINARY, NAMES
from directrix.zoo.avatars.generators import IMAGE, Report
from directrix.zoo.avatars.layers import PARTS
from directrix.zoo.avatars.renderer import Avatars, draw
from directrix.zoo.avatars.supervision import (
    CLASSES,
    Loss,
    Supervision,
    class_loss,
    factor_loss,
    part_loss,
    train,
)
from directrix.zoo.model_folder import arrays_of, write_model

TEST_SEED, TEST_COUNT = 999, 5000
JUDGE = f"{TEST_COUNT} held-out drawn avatars, dial at 0"


@dataclass(frozen=True)
class Kind:
    """What regressors, classifiers or segmenters have in common."""

    task: Literal["classifier", "regressor", "segmenter"]
    title: str
    architecture: str
    build: Callable[[dict], nn.Module]
    scorers: tuple[Scorer, ...]
    loss: Loss
    measure: Callable[[Predictor, Avatars], dict[str, float]]


@dataclass(frozen=True)
class Recipe:
    """One predictor: its kind, widths, training and seed."""

    name: str
    kind: Kind
    config: dict
    plan: Supervision
    seed: int


def measure_factors(predictor: Predictor, truth: Avatars) -> dict[str, float]:
    scores = rulers.read(predictor, torch.from_numpy(truth.images))
    found = rulers.reading(scores, truth)
    return {f"{'accuracy' if n in BINARY else 'r2'}_{n}": value for n, value in found.items()}


def measure_classes(predictor: Predictor, truth: Avatars) -> dict[str, float]:
    scores = rulers.read(predictor, torch.from_numpy(truth.images))
    return {"accuracy": rulers.accuracy(scores, truth)}


def measure_parts(predictor: Predictor, truth: Avatars) -> dict[str, float]:
    assert isinstance(predictor, SegmenterPredictor)
    labels = rulers.labels(predictor, torch.from_numpy(truth.images))
    shared = rulers.overlap(labels, truth.labels, len(PARTS))
    each = {f"iou_{part}": float(value) for part, value in zip(PARTS, shared, strict=True)}
    return {"mean_iou": float(np.mean(shared)), **each}


REGRESSOR = Kind(
    task="regressor",
    title="all factors",
    architecture="convolutional",
    build=lambda config: ConvolutionalNetwork(config, IMAGE, len(NAMES)),
    scorers=tuple(
        Scorer(name=name)
        if name in BINARY
        else Scorer(name=name, kind=ScoreKind.VALUE, unit="factor, -1 to 1")
        for name in NAMES
    ),
    loss=factor_loss,
    measure=measure_factors,
)
CLASSIFIER = Kind(
    task="classifier",
    title="glasses and age lines",
    architecture="convolutional",
    build=lambda config: ConvolutionalNetwork(config, IMAGE, len(CLASSES)),
    scorers=tuple(Scorer(name=name) for name in CLASSES),
    loss=class_loss,
    measure=measure_classes,
)
SEGMENTER = Kind(
    task="segmenter",
    title="parts of the picture",
    architecture="segmenter",
    build=lambda config: SegmenterNetwork(config, IMAGE, len(PARTS)),
    scorers=tuple(
        Scorer(name=part, kind=ScoreKind.VALUE, unit="share of the picture") for part in PARTS
    ),
    loss=part_loss,
    measure=measure_parts,
)

RECIPES = (
    Recipe(
        "avatar-regressor",
        REGRESSOR,
        {"blocks": [[24], [32, 32], [64]], "hidden": 96},
        Supervision(steps=1200),
        seed=301,
    ),
    Recipe(
        "avatar-regressor-twin",
        REGRESSOR,
        {"blocks": [[16], [32], [48, 48]], "hidden": 128},
        Supervision(steps=1200, batch=96, rate=3e-3, noise=0.08, tint=0.02, hole=4),
        seed=302,
    ),
    Recipe(
        "avatar-classifier",
        CLASSIFIER,
        {"blocks": [[16], [32], [48]], "hidden": 64},
        Supervision(steps=500),
        seed=303,
    ),
    Recipe(
        "avatar-oracle",
        CLASSIFIER,
        {"blocks": [[12], [24], [32, 32]], "hidden": 48},
        Supervision(steps=500, batch=96, rate=3e-3, noise=0.08, tint=0.04, hole=4),
        seed=304,
    ),
    Recipe(
        "avatar-segmenter",
        SEGMENTER,
        {"widths": [16, 24, 32]},
        Supervision(steps=900, batch=64),
        seed=305,
    ),
    Recipe(
        "avatar-segmenter-twin",
        SEGMENTER,
        {"widths": [12, 24, 48]},
        Supervision(steps=900, batch=64, rate=3e-3, noise=0.08, tint=0.04),
        seed=306,
    ),
)


@cache
def held_out() -> Avatars:
    """Avatars that no model was trained on."""
    return draw(TEST_SEED, 0, TEST_COUNT)


def train_predictor(recipe: Recipe, out: Path, report: Report, truth: Avatars) -> PredictorCard:
    """Trains, measures on `truth` and writes the model folder."""
    torch.manual_seed(recipe.seed)
    kind, network = recipe.kind, recipe.kind.build(recipe.config)

    def told(step: int, loss: float) -> None:
        report(f"{recipe.name}: step {step} of {recipe.plan.steps}, loss {loss:.4f}")

    train(network, kind.loss, recipe.plan, recipe.seed, told)
    arrays = arrays_of(network.to(memory_format=torch.contiguous_format))
    card = _card(recipe)
    measured = kind.measure(predictors.build(card, arrays, torch.device("cpu")), truth)
    report(f"{recipe.name}: " + ", ".join(f"{k} {v:.3f}" for k, v in measured.items()))
    metrics = tuple(Metric(name=k, value=round(v, 4), judge=JUDGE) for k, v in measured.items())
    written = write_model(out / recipe.name, card.model_copy(update={"metrics": metrics}), arrays)
    assert isinstance(written, PredictorCard)
    return written


def _card(recipe: Recipe) -> PredictorCard:
    kind, plan = recipe.kind, recipe.plan
    return PredictorCard(
        name=recipe.name,
        title=f"Avatars, {kind.title} ({kind.task}{', twin' if recipe.seed % 2 == 0 else ''})",
        architecture=kind.architecture,
        config=recipe.config,
        image=IMAGE,
        task=kind.task,
        scorers=kind.scorers,
        training_data=f"{plan.steps * plan.batch} drawn avatars, each shown once; dial at 0",
        licence="Apache-2.0",
        notes="Made by 'make train-avatars'. Other seed, samples, widths and disturbance than its "
        "twin.",
    )
