"""Training of the avatars' predictors on pictures that are drawn as they are needed.

No picture is shown twice: step k draws the next batch of the stream of the model's own seed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from directrix.zoo.avatars.factors import BINARY, NAMES
from directrix.zoo.avatars.renderer import SIZE, Avatars, draw

Loss = Callable[[Tensor, Avatars], Tensor]
"""Outputs of a network and the truth -> the scalar to bring down."""


@dataclass(frozen=True)
class Supervision:
    """How much is shown, and what is done to the pictures on the way."""

    steps: int
    batch: int = 128
    rate: float = 4e-3
    noise: float = 0.05
    """Standard deviation of noise on the pixels."""
    tint: float = 0.0
    """Largest shift of a colour channel of the whole picture, either way."""
    hole: int = 0
    """Side in pixels of a grey square somewhere in every picture; 0: none."""


def train(
    network: nn.Module,
    loss: Loss,
    plan: Supervision,
    seed: int,
    report: Callable[[int, float], None],
) -> None:
    """Trains in place; `report(step, mean loss)` ten times."""
    random = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), plan.rate, weight_decay=0.02)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=plan.steps)
    network.to(memory_format=torch.channels_last).train()
    total, every = 0.0, max(1, plan.steps // 10)
    for step in range(plan.steps):
        truth = draw(seed, step * plan.batch, plan.batch)
        value = loss(network(disturb(torch.from_numpy(truth.images), plan, random)), truth)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        optimiser.step()
        cycle.step()
        total += value.item()
        if (step + 1) % every == 0:
            report(step + 1, total / every)
            total = 0.0
    network.eval()


def disturb(images: Tensor, plan: Supervision, random: torch.Generator) -> Tensor:
    """Noise, tint and a hole, by seed: what the network must not care about."""
    images = images + plan.noise * torch.randn(images.shape, generator=random)
    if plan.tint:
        shift = torch.rand(len(images), 3, 1, 1, generator=random) * 2 - 1
        images = images + plan.tint * shift
    if plan.hole:
        y, x = torch.randint(0, SIZE - plan.hole, (2,), generator=random).tolist()
        images[:, :, y : y + plan.hole, x : x + plan.hole] = 0.0
    return images.to(memory_format=torch.channels_last)


def factor_loss(outputs: Tensor, truth: Avatars) -> Tensor:
    """Squared error of the continuous factors, cross entropy of the binary ones."""
    values = torch.from_numpy(truth.values)
    binary = torch.tensor([name in BINARY for name in NAMES])
    squared = (outputs[:, ~binary] - values[:, ~binary]).square().mean()
    present = (values[:, binary] > 0).float()
    return squared + 0.1 * F.binary_cross_entropy_with_logits(outputs[:, binary], present)


def part_loss(outputs: Tensor, truth: Avatars) -> Tensor:
    """Cross entropy against the shares of the parts in each pixel."""
    return F.cross_entropy(outputs, torch.from_numpy(truth.masks))


CLASSES = ("plain", "glasses", "age_lines", "glasses_and_age_lines")
"""What the classifier tells apart; every avatar is of exactly one class."""


def classes(truth: Avatars) -> Tensor:
    """[N]: the index in CLASSES."""
    glasses, lines = (truth.values[:, NAMES.index(name)] > 0 for name in ("glasses", "age_lines"))
    return torch.from_numpy(glasses * 1 + lines * 2)


def class_loss(outputs: Tensor, truth: Avatars) -> Tensor:
    return F.cross_entropy(outputs, classes(truth), label_smoothing=0.02)
