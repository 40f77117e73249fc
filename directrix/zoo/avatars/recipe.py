"""`make train-avatars`: every avatar model, trained and measured."""

from pathlib import Path

import torch

from directrix import generators as networks
from directrix import predictors as readers
from directrix.generators.style_network import StyleNetwork
from directrix.model_files import read_model
from directrix.predictors import Predictor
from directrix.types import Metric
from directrix.zoo.avatars import rulers
from directrix.zoo.avatars.generators import (
    AID_SEED,
    DIALS,
    READER_SEED,
    READERS,
    Report,
    card_of,
    train_aids,
    train_generator,
)
from directrix.zoo.avatars.predictors import RECIPES, TEST_SEED, held_out, train_predictor
from directrix.zoo.avatars.renderer import draw
from directrix.zoo.model_folder import arrays_of, write_model

CPU = torch.device("cpu")
JUDGE = "avatar-regressor-twin"
SAMPLES, SEED = 10_000, 40_000
"""Of the populations that are compared; the drawn ones come from the held-out seed."""


def train_predictors(out: Path, report: Report) -> None:
    """Six minutes on one core."""
    for recipe in RECIPES:
        train_predictor(recipe, out, report, held_out())


def train_generators(out: Path, work: Path, seed: int, report: Report) -> None:
    """Two hours on one core; needs the predictors in `out`. Raises ModelInvalid."""
    judge = readers.build(*read_model(out / JUDGE), CPU)
    aids = train_aids(AID_SEED + seed, report)
    last_readers = train_aids(READER_SEED + seed, report, READERS)
    for name in DIALS:
        network = train_generator(name, aids, last_readers, work, seed, report)
        export_generator(name, network, judge, out, report)


def export_generator(
    name: str, network: StyleNetwork, judge: Predictor, out: Path, report: Report
) -> None:
    """Measures a generator by the judge and writes its model folder."""
    arrays = arrays_of(network.to(memory_format=torch.contiguous_format))
    card = card_of(name)
    measured = measure(networks.build(card, arrays, CPU), judge, DIALS[name])
    report(f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in measured.items()))
    told = f"{JUDGE}, {SAMPLES} samples at truncation 1 against as many drawn avatars"
    metrics = tuple(Metric(name=k, value=round(v, 4), judge=told) for k, v in measured.items())
    write_model(out / name, card.model_copy(update={"metrics": metrics}), arrays)


def measure(
    generator: networks.Generator, judge: Predictor, dial: float, samples: int = SAMPLES
) -> dict[str, float]:
    """Distances to the drawn population, factor by factor, and each dialled pair's phi in both."""
    made = rulers.read(judge, rulers.generated(generator, SEED, samples))
    real = rulers.read(judge, torch.from_numpy(draw(TEST_SEED, 0, samples, dial).images))
    apart = rulers.distances(made, real)
    found = {"ks_max": max(apart.values())} | {f"ks_{k}": v for k, v in apart.items()}
    for where, scores in (("data", real), ("generated", made)):
        found |= {f"phi_{where}_{pair}": v for pair, v in rulers.dialled(scores).items()}
    return found
