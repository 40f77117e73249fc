"""Training of a small convolutional classifier: seeded, one-cycle, label-smoothed."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from directrix.zoo.pictures import as_floats


@dataclass(frozen=True)
class ClassifierSchedule:
    """Passes over the data and what is done to the images on the way."""

    epochs: int
    batch: int = 128
    rate: float = 3e-3
    shift: int = 2
    """Random translation in pixels, for both axes."""
    flip: bool = True
    """Mirror half of the images."""
    smoothing: float = 0.05
    background: float = -1.0
    """What shifts bring in from outside."""


def train_classifier(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    schedule: ClassifierSchedule,
    seed: int,
    report: Callable[[int, float], None],
) -> None:
    """Trains in place; `report(epoch, loss)` after every epoch. images: as floats or bytes."""
    random = torch.Generator().manual_seed(seed)
    steps = schedule.epochs * (len(images) // schedule.batch)
    optimiser = torch.optim.AdamW(network.parameters(), schedule.rate, weight_decay=0.05)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, schedule.rate, total_steps=steps)
    network.to(memory_format=torch.channels_last).train()
    for epoch in range(schedule.epochs):
        order = torch.randperm(len(images), generator=random)
        total = 0.0
        batches = order[: len(order) // schedule.batch * schedule.batch].split(schedule.batch)
        for index in batches:
            batch = augment(as_floats(images[index]), schedule, random)
            loss = F.cross_entropy(
                network(batch), labels[index], label_smoothing=schedule.smoothing
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            cycle.step()
            total += loss.item()
        report(epoch, total / len(batches))
    network.eval()


def augment(images: Tensor, schedule: ClassifierSchedule, random: torch.Generator) -> Tensor:
    """Mirrors and shifts [N, C, H, W]; what comes in from outside is background."""
    if schedule.flip:
        mirrored = torch.rand(len(images), generator=random) < 0.5
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    pad = schedule.shift
    padded = F.pad(images, [pad] * 4, value=schedule.background)
    y, x = torch.randint(0, 2 * pad + 1, (2,), generator=random).tolist()
    return padded[:, :, y : y + images.shape[2], x : x + images.shape[3]]


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of images whose highest score is their label's."""
    with torch.inference_mode():
        right = [
            (network(as_floats(batch)).argmax(1) == truth).sum().item()
            for batch, truth in zip(images.split(500), labels.split(500), strict=True)
        ]
    return sum(right) / len(images)
