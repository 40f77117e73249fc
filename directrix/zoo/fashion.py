"""The Fashion-MNIST models: a style-based generator, a classifier and two independent oracles."""

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from directrix.generators import style
from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.types import ImageCard, Metric, PredictorCard, Scorer
from directrix.zoo import fashion_data
from directrix.zoo.aided_training import AidedTraining
from directrix.zoo.classifier_training import ClassifierSchedule, accuracy, train_classifier
from directrix.zoo.model_folder import arrays_of, write_model
from directrix.zoo.robust_training import Ball, RobustSchedule, robust_accuracy, train_robust
from directrix.zoo.style_training import Schedule, StyleTraining

IMAGE = ImageCard(channels=1, height=28, width=28)
DATA = "Fashion-MNIST, 60 000 training images (Zalando Research, MIT licence)"
JUDGE = "Fashion-MNIST test set, 10 000 images"

GENERATOR = StyleConfig(
    z_dim=64, w_dim=64, mapping_layers=4, channels=(96, 96, 48, 24), image_channels=1, crop=2
)
ALONE = Schedule(images=564_000, decay_from=1.0)
"""The first part: the discriminator by itself, at full rate."""
AIDED = Schedule(images=1_100_000, decay_from=0.65, penalty=0.01)
"""The second part goes on counting: a frozen network helps to judge, and the rate falls."""
AID = {"blocks": [[16], [32], [64, 64]], "hidden": 64}
AID_SCHEDULE = ClassifierSchedule(epochs=2, flip=False)

CLASSIFIER = {"blocks": [[24], [48, 48], [96]], "hidden": 128}
ORACLE = {"blocks": [[16, 16], [32, 32], [64]], "hidden": 96}
ROBUST = {"blocks": [[8], [24], [48], [64]], "hidden": 64}
RESISTED = Ball(radius=0.1, steps=2, stride=0.75)
"""What the robust oracle is trained on; it is tried with smaller strides and more of them."""
TRIED = 2000
"""Test images on which it is."""

Report = Callable[[str], None]


def train_generator(out: Path, work: Path, seed: int, report: Report) -> None:
    """About two hours on one core; continues from checkpoints in `work`."""
    images = _tensors("train")[0]
    alone = StyleTraining(GENERATOR, ALONE, images, seed)
    _finish(alone, work / "fashion-generator.pt", report)
    aided = AidedTraining(GENERATOR, AIDED, images, seed, train_aid(seed, report), maps=True)
    aided.take_over(alone)
    _finish(aided, work / "fashion-generator-aided.pt", report)
    export_generator(aided.average, out)


def train_aid(seed: int, report: Report) -> ConvolutionalNetwork:
    """A classifier that helps the discriminator; it is not kept, and judges nothing later."""
    torch.manual_seed(seed + 2)
    network = ConvolutionalNetwork(AID, IMAGE, len(fashion_data.CLASSES))
    told = lambda epoch, loss: report(f"aid: epoch {epoch + 1}, loss {loss:.4f}")  # noqa: E731
    train_classifier(network, *_tensors("train"), AID_SCHEDULE, seed + 2, told)
    return network.requires_grad_(False)


def _finish(training: StyleTraining, checkpoint: Path, report: Report) -> None:
    """To the end of its schedule, from the checkpoint where there is one, saved every minute."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        training.load(checkpoint)
    saved = time.monotonic()
    while not training.finished:
        losses = training.step()
        if training.done % 250 == 0:
            shown = training.done * training.schedule.batch
            report(f"{checkpoint.stem}: {shown} of {training.schedule.images} images, {losses}")
        if time.monotonic() - saved > 60:
            training.save(checkpoint)
            saved = time.monotonic()
    training.save(checkpoint)


def export_generator(network: StyleNetwork, out: Path) -> None:
    card = style.card(
        GENERATOR,
        name="fashion-generator",
        title="Fashion-MNIST, compact style-based generator",
        training_data=DATA,
        licence="Apache-2.0",
        notes="Made by 'make train-fashion'. Grey 28 x 28 pictures of ten kinds of clothing.",
    )
    write_model(out / card.name, card, arrays_of(network))


def train_classifiers(out: Path, seed: int, report: Report) -> None:
    """A few minutes on one core."""
    classifier = ClassifierSchedule(epochs=8)
    oracle = ClassifierSchedule(epochs=3, batch=96, rate=4e-3, shift=1, flip=False, smoothing=0.0)
    _train_one("fashion-classifier", CLASSIFIER, classifier, out, seed, report)
    _train_one("fashion-oracle", ORACLE, oracle, out, seed + 1, report)


def _train_one(
    name: str,
    config: dict,
    schedule: ClassifierSchedule,
    out: Path,
    seed: int,
    report: Report,
) -> None:
    torch.manual_seed(seed)
    network = ConvolutionalNetwork(config, IMAGE, len(fashion_data.CLASSES))
    images, labels = _tensors("train")

    def told(epoch: int, loss: float) -> None:
        report(f"{name}: epoch {epoch + 1} of {schedule.epochs}, loss {loss:.4f}")

    train_classifier(network, images, labels, schedule, seed, told)
    share = accuracy(network, *_tensors("test"))
    report(f"{name}: accuracy {share:.4f} on the test set")
    title = f"Fashion-MNIST, ten classes ({'oracle' if 'oracle' in name else 'classifier'})"
    notes = "Made by 'make train-fashion'. Other seed, network and augmentation than its twin."
    metrics = (Metric(name="accuracy", value=round(share, 4), judge=JUDGE),)
    export_classifier(network, config, out / name, title, notes, metrics)


def train_robust_oracle(out: Path, seed: int, report: Report) -> None:
    """Some ten minutes on one core: every step looks for pictures that would deceive it."""
    torch.manual_seed(seed + 2)
    network = ConvolutionalNetwork(ROBUST, IMAGE, len(fashion_data.CLASSES))
    passes = ClassifierSchedule(epochs=5, shift=1, smoothing=0.0)
    told = lambda epoch, loss: report(f"robust: epoch {epoch + 1}, loss {loss:.4f}")  # noqa: E731
    schedule = RobustSchedule(passes, RESISTED)
    train_robust(network, *_tensors("train"), schedule, seed + 2, told)
    export_robust_oracle(network, out)


def export_robust_oracle(network: ConvolutionalNetwork, out: Path) -> None:
    test = images, labels = _tensors("test")
    attacked = images[:TRIED], labels[:TRIED]
    tried = Ball(RESISTED.radius, steps=10, stride=0.25)
    metrics = (
        Metric(name="accuracy", value=round(accuracy(network, *test), 4), judge=JUDGE),
        Metric(
            name="robust_accuracy",
            value=round(robust_accuracy(network, *attacked, tried, seed=0), 4),
            judge=f"the first {TRIED} of them, each pixel changed by at most {tried.radius} of "
            f"[-1, 1] by {tried.steps} steps of projected gradient ascent",
        ),
    )
    export_classifier(
        network,
        ROBUST,
        out / "fashion-robust-oracle",
        "Fashion-MNIST, ten classes (oracle that resists small perturbations)",
        "Made by 'python -m directrix.zoo train-robust', on pictures perturbed against it.",
        metrics,
    )


def export_classifier(
    network: ConvolutionalNetwork,
    config: dict,
    folder: Path,
    title: str,
    notes: str,
    metrics: tuple[Metric, ...],
) -> None:
    card = PredictorCard(
        name=folder.name,
        title=title,
        architecture="convolutional",
        config=config,
        image=IMAGE,
        task="classifier",
        scorers=tuple(Scorer(name=c) for c in fashion_data.CLASSES),
        training_data=DATA,
        licence="Apache-2.0",
        notes=notes,
        metrics=metrics,
    )
    write_model(folder, card, arrays_of(network))


def _tensors(split: str) -> tuple[Tensor, Tensor]:
    images, labels = fashion_data.load(split)
    return torch.from_numpy(images), torch.from_numpy(labels)
