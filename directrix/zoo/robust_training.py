"""Training of a classifier that small perturbations do not deceive: on the worst picture near each.

Source: Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks" (arXiv
1706.06083), eq. 2.1 and the projected gradient descent of section 2.1, with the maximum norm; both
start at random inside the ball, as in Wong et al. (arXiv 2001.03994), algorithm 3.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from directrix.zoo.classifier_training import ClassifierSchedule, augment
from directrix.zoo.pictures import as_floats


@dataclass(frozen=True)
class Ball:
    """Perturbations of a picture in [-1, 1]: no pixel by more than `radius`.

    steps: of projected gradient ascent on the loss. stride: of one of them, as a share of radius.
    """

    radius: float
    steps: int
    stride: float

    def worst(
        self, network: nn.Module, images: Tensor, labels: Tensor, random: torch.Generator
    ) -> Tensor:
        """Pictures [N, C, H, W] near `images` at which the loss is high; network in eval mode."""
        noise = torch.rand(images.shape, generator=random) * 2 - 1
        found = (images + self.radius * noise).clamp(-1, 1)
        for _ in range(self.steps):
            found.requires_grad_()
            loss = F.cross_entropy(network(found), labels, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, found)
            moved = found.detach() + self.radius * self.stride * gradient.sign()
            found = images + (moved - images).clamp(-self.radius, self.radius)
            found = found.clamp(-1, 1)
        return found.detach()


@dataclass(frozen=True)
class RobustSchedule:
    """What a classifier is trained on, and what it has to resist."""

    passes: ClassifierSchedule
    ball: Ball


def train_robust(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    schedule: RobustSchedule,
    seed: int,
    report: Callable[[int, float], None],
) -> None:
    """Trains in place; `report(epoch, loss)` after every epoch. images: as floats or bytes."""
    passes = schedule.passes
    random = torch.Generator().manual_seed(seed)
    count = len(images) // passes.batch
    optimiser = torch.optim.AdamW(network.parameters(), passes.rate, weight_decay=0.05)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, passes.rate, total_steps=passes.epochs * count
    )
    network.to(memory_format=torch.channels_last)
    for epoch in range(passes.epochs):
        order, total = torch.randperm(len(images), generator=random), 0.0
        for index in order[: count * passes.batch].split(passes.batch):
            batch = augment(as_floats(images[index]), passes, random)
            hard = schedule.ball.worst(network.eval(), batch, labels[index], random)
            scores = network.train()(hard)
            loss = F.cross_entropy(scores, labels[index], label_smoothing=passes.smoothing)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            cycle.step()
            total += loss.item()
        report(epoch, total / count)
    network.eval()


def robust_accuracy(
    network: nn.Module, images: Tensor, labels: Tensor, ball: Ball, seed: int
) -> float:
    """Share of images that are seen rightly even at the worst picture that `ball` finds."""
    random, right = torch.Generator().manual_seed(seed), 0
    for batch, truth in zip(images.split(500), labels.split(500), strict=True):
        hard = ball.worst(network, as_floats(batch), truth, random)
        with torch.inference_mode():
            right += int((network(hard).argmax(1) == truth).sum())
    return right / len(images)
