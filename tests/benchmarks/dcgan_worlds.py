"""Three generators that do not normalise z, each with predictors that name what moves in it.

Clothes and avatars by small DCGANs that are trained once and kept under build/models; faces by the
one of `make models-faces`.
"""

import sys
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from directrix import generators, predictors
from directrix.generators import Generator, dcgan
from directrix.model_files import read_model
from directrix.networks import read_config
from directrix.predictors import Predictor
from directrix.zoo import ladder
from directrix.zoo.avatars.renderer import draw
from directrix.zoo.dcgan_training import DcganSchedule, DcganTraining
from directrix.zoo.model_folder import BUILT, arrays_of, write_model
from tests.benchmarks import bundled

AVATARS = "avatar-dcgan-z64"
AVATAR_CONFIG = {"z_dim": 64, "widths": [128, 64, 32], "image_channels": 3}
AVATAR_SCHEDULE = DcganSchedule(critic=(32, 64, 128))
DRAWN, SHOWN, SEED = 20_000, 160_000, 7
"""Avatars that it learns from, images that it is shown, seed."""


@dataclass(frozen=True)
class Walked:
    """A generator, who names what moves, and the features that distances are told in."""

    name: str
    generator: Generator
    judges: tuple[Predictor, ...]
    ruler: Predictor
    compared: int = 480
    """Latents for Frechet distances; fewer where a picture costs more."""
    paired: int = 8
    """Latents for the cosines between the changes of all pairs of directions."""
    steps: int = 300
    """Of training."""
    named_on: int = 32
    """Latents of the scorecard that names."""

    @torch.inference_mode()
    def describe(self, images: Tensor) -> Tensor:
        """Images [n, C, H, W] -> features [n, f] of a network that no method was shown."""
        network = getattr(self.ruler, "_network", None)
        if self.name == "faces":
            return self.ruler.scores(images)
        assert network is not None  # a convolutional predictor has one
        return network.features(images)


def clothes() -> Walked:
    """Fashion-MNIST in 64 dimensions; the bundled classifier names, the oracle measures."""
    name = ladder.name_of(64, ladder.AGES[-1])
    if not (BUILT / name / "card.json").exists():
        ladder.train_ladder(BUILT, 0, partial(print, file=sys.stderr), sizes=(64,))
    judges = (bundled.load_predictor(bundled.CLASSIFIER),)
    return Walked("clothes", _generator(name), judges, bundled.load_predictor(bundled.ORACLE))


def avatars() -> Walked:
    """Drawn faces in 64 dimensions; the regressor names their factors, its twin measures."""
    if not (BUILT / AVATARS / "card.json").exists():
        _train_avatars()
    judges = (bundled.load_predictor("avatar-regressor"),)
    return Walked(
        "avatars", _generator(AVATARS), judges, bundled.load_predictor("avatar-regressor-twin")
    )


def faces() -> Walked | None:
    """Natural faces in 100 dimensions, or None where `make models-faces` was not run."""
    if not (BUILT / "face-generator" / "card.json").exists():
        return None
    return Walked(
        "faces",
        _generator("face-generator"),
        (_predictor("face-landmarks"), _predictor("face-attributes")),
        _predictor("face-identity"),
        compared=112,
        paired=2,
        steps=60,
        named_on=12,
    )


def _generator(name: str) -> Generator:
    return generators.build(*read_model(BUILT / name), torch.device("cpu"))


def _predictor(name: str) -> Predictor:
    return predictors.build(*read_model(BUILT / name), torch.device("cpu"))


def _train_avatars() -> None:
    """About four minutes on one core."""
    images = torch.from_numpy(draw(SEED, 0, DRAWN).images)
    config = read_config(dcgan.Config, AVATAR_CONFIG)
    training = DcganTraining(config, AVATAR_SCHEDULE, images, SEED)
    while training.shown < SHOWN:
        losses = training.step()
        if training.shown % 16_000 == 0:
            print(f"{AVATARS}: {training.shown} images, {losses}", file=sys.stderr, flush=True)
    card = dcgan.card(
        AVATAR_CONFIG,
        name=AVATARS,
        title="Avatars, DCGAN with 64 latent dimensions",
        training_data=f"{DRAWN} drawn avatars, dial at 0",
        licence="Apache-2.0",
    )
    write_model(BUILT / AVATARS, card, arrays_of(training.network))
