"""Training a classifier: it learns what is there, and augments by seed."""

import torch
from torch import nn

from directrix.zoo.classifier_training import (
    ClassifierSchedule,
    accuracy,
    augment,
    train_classifier,
)


def squares(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright upper half: class 1; bright lower half: class 0."""
    labels = torch.arange(count) % 2
    images = torch.full((count, 1, 8, 8), -1.0)
    images[labels == 1, :, :4] = 1.0
    images[labels == 0, :, 4:] = 1.0
    return images, labels


def test_it_learns_two_halves() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    images, labels = squares(256)
    losses: list[float] = []
    schedule = ClassifierSchedule(epochs=3, batch=16, shift=1, rate=1e-2)
    train_classifier(network, images, labels, schedule, 0, lambda _, loss: losses.append(loss))
    assert len(losses) == 3
    assert accuracy(network, images, labels) == 1.0


def test_augmentation_repeats_by_seed_and_fills_with_background() -> None:
    images, _ = squares(6)
    schedule = ClassifierSchedule(epochs=1, shift=2)
    first = augment(images, schedule, torch.Generator().manual_seed(5))
    second = augment(images, schedule, torch.Generator().manual_seed(5))
    assert first.shape == images.shape
    assert torch.equal(first, second)
    assert set(first.unique().tolist()) <= {-1.0, 1.0}
