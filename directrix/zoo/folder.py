"""Generator, classifier and oracle for an image folder of one's own: `train-folder`.

A DCGAN as on the ladder (Radford et al., arXiv 1511.06434), as large as its images ask for, and two
classifiers of the folder's classes that share neither seed nor architecture nor augmentation.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from directrix.errors import InvalidField
from directrix.generators import dcgan
from directrix.generators.dcgan import Config
from directrix.networks import read_config
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.types import ImageCard, Metric, PredictorCard, Scorer
from directrix.zoo.classifier_training import ClassifierSchedule, accuracy, train_classifier
from directrix.zoo.dcgan_training import DcganSchedule, DcganTraining
from directrix.zoo.image_folder import ImageFolder
from directrix.zoo.model_folder import arrays_of, write_model

SIDES = {16: 2, 32: 3, 64: 4, 128: 5}
"""Image sides, and how many blocks a DCGAN grows them with."""

WIDTH = 24
"""Of the generator's last and the critic's first layer; it doubles towards 4 x 4."""

CLASSIFIER: dict[str, Any] = {"blocks": [[24], [48, 48], [96]], "hidden": 128}
ORACLE: dict[str, Any] = {"blocks": [[16, 16], [32, 32], [64]], "hidden": 96}
BATCH = 128
HELD_OUT = 0.15
SAVED_EVERY = 60.0
"""Seconds between checkpoints."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class FolderRecipe:
    """name: of the models, NAME-generator, NAME-classifier, NAME-oracle. shown: images shown to
    the critic. epochs: passes of the classifier over the images."""

    name: str
    licence: str = "unknown"
    z_dim: int = 64
    shown: int = 192_000
    epochs: int = 6
    seed: int = 0


def train_folder(
    folder: ImageFolder, recipe: FolderRecipe, out: Path, work: Path, report: Report
) -> None:
    """Continues from the checkpoint in `work`. Raises InvalidField for sides it cannot make."""
    side = folder.images.shape[2]
    if side not in SIDES:
        known = ", ".join(map(str, SIDES))
        raise InvalidField(f"a folder's generator makes sides of {known}, not {side}", field="side")
    report(f"{recipe.name}: {len(folder.images)} pictures of {', '.join(folder.classes)}")
    training, held_out = folder.split(HELD_OUT, recipe.seed)
    told = _told(recipe, folder)
    for place, (kind, config) in enumerate((("classifier", CLASSIFIER), ("oracle", ORACLE))):
        schedule = ClassifierSchedule(
            recipe.epochs,
            batch=min(BATCH, len(training.images)),
            flip=place == 0,
            shift=2 - place,
            background=1.0,
        )
        network = _classify(config, schedule, training, recipe.seed + place, report)
        share = accuracy(network, held_out.images, held_out.labels)
        report(f"{recipe.name}-{kind}: accuracy {share:.4f} on {len(held_out.images)} held out")
        judge = f"{len(held_out.images)} pictures of the folder that were held out"
        card = PredictorCard(
            name=f"{recipe.name}-{kind}",
            title=f"{recipe.name}, {len(folder.classes)} classes ({kind})",
            architecture="convolutional",
            config=config,
            image=ImageCard(channels=3, height=side, width=side),
            task="classifier",
            scorers=tuple(Scorer(name=name) for name in folder.classes),
            metrics=(Metric(name="accuracy", value=round(share, 4), judge=judge),),
            **told,
        )
        write_model(out / card.name, card, arrays_of(network))
    _generate(training, recipe, told, out, work, report)


def _told(recipe: FolderRecipe, folder: ImageFolder) -> dict[str, Any]:
    return {
        "training_data": f"{len(folder.images)} pictures of a folder called {recipe.name}",
        "licence": recipe.licence,
        "notes": "Made by 'python -m directrix.zoo train-folder'.",
    }


def _classify(
    config: dict, schedule: ClassifierSchedule, folder: ImageFolder, seed: int, report: Report
) -> ConvolutionalNetwork:
    torch.manual_seed(seed)
    side = folder.images.shape[2]
    image = ImageCard(channels=3, height=side, width=side)
    network = ConvolutionalNetwork(config, image, len(folder.classes))

    def told(epoch: int, loss: float) -> None:
        report(f"epoch {epoch + 1} of {schedule.epochs}, loss {loss:.4f}")

    train_classifier(network, folder.images, folder.labels, schedule, seed, told)
    return network


def _generate(
    folder: ImageFolder,
    recipe: FolderRecipe,
    told: dict[str, Any],
    out: Path,
    work: Path,
    report: Report,
) -> None:
    blocks = SIDES[folder.images.shape[2]]
    widths = [WIDTH * 2**place for place in reversed(range(blocks))]
    settings: dict[str, object] = {
        "z_dim": recipe.z_dim,
        "widths": widths,
        "image_channels": 3,
        "crop": 0,
    }
    schedule = DcganSchedule(critic=tuple(reversed(widths)))
    config = read_config(Config, settings)
    training = DcganTraining(config, schedule, folder.images, recipe.seed)
    checkpoint = work / f"{recipe.name}-generator.pt"
    _finish(training, recipe.shown, checkpoint, report)
    card = dcgan.card(
        settings,
        name=f"{recipe.name}-generator",
        title=f"{recipe.name}, DCGAN with {recipe.z_dim} latent dimensions",
        **told,
    )
    write_model(out / card.name, card, arrays_of(training.network))


def _finish(training: DcganTraining, shown: int, checkpoint: Path, report: Report) -> None:
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        training.load(checkpoint)
    saved = time.monotonic()
    while training.shown < shown:
        losses = training.step()
        if training.shown % (200 * training.schedule.batch) == 0:
            report(f"{checkpoint.stem}: {training.shown} of {shown} images, {losses}")
        if time.monotonic() - saved > SAVED_EVERY:
            training.save(checkpoint)
            saved = time.monotonic()
    training.save(checkpoint)
