"""The ladder: plain DCGANs of five latent sizes, each kept at three training ages.

For questions about latent size and training age (Li et al., arXiv 2006.10132, name both as future
work). Small, seeded, not committed: `make train-ladder` builds them under build/models.
"""

from collections.abc import Callable
from pathlib import Path

import torch

from directrix.generators import dcgan
from directrix.generators.dcgan import Config
from directrix.networks import read_config
from directrix.zoo import fashion_data
from directrix.zoo.dcgan_training import DcganSchedule, DcganTraining
from directrix.zoo.model_folder import arrays_of, write_model

SIZES = (16, 32, 64, 100, 128)
"""Dimensions of z."""
AGES = (32_000, 96_000, 192_000)
"""Images shown to the discriminator."""
WIDTHS = (96, 48, 24)

Report = Callable[[str], None]


def settings(size: int) -> dict[str, object]:
    """The config of one rung's card."""
    return {"z_dim": size, "widths": list(WIDTHS), "image_channels": 1, "crop": 2}


def name_of(size: int, age: int) -> str:
    """For example "fashion-dcgan-z16-96k"."""
    return f"fashion-dcgan-z{size}-{age // 1000}k"


def train_ladder(
    out: Path,
    seed: int,
    report: Report,
    sizes: tuple[int, ...] = SIZES,
    ages: tuple[int, ...] = AGES,
) -> None:
    """About a quarter of an hour on one core; rungs that are there already are kept."""
    images = torch.from_numpy(fashion_data.load("train")[0])
    for size in sizes:
        if all((out / name_of(size, age) / "card.json").exists() for age in ages):
            continue
        config = read_config(Config, settings(size))
        training = DcganTraining(config, DcganSchedule(), images, seed + size)
        for age in ages:
            losses = {"critic": 0.0, "generator": 0.0}
            while training.shown < age:
                losses = training.step()
            _keep(training, size, age, out)
            report(f"{name_of(size, age)}: {losses}")


def _keep(training: DcganTraining, size: int, age: int, out: Path) -> None:
    card = dcgan.card(
        settings(size),
        name=name_of(size, age),
        title=f"Fashion-MNIST, DCGAN with {size} latent dimensions after {age:,} images",
        training_data="Fashion-MNIST, 60 000 training images (Zalando Research, MIT licence)",
        licence="Apache-2.0",
        notes="Made by 'make train-ladder'.",
    )
    write_model(out / card.name, card, arrays_of(training.network))
