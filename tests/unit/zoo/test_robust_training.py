"""Robust training: what looks safe is given up where a small perturbation undoes it."""

import torch
from torch import nn

from directrix.zoo.classifier_training import ClassifierSchedule, train_classifier
from directrix.zoo.robust_training import Ball, RobustSchedule, robust_accuracy, train_robust

FAINT, PLAIN, NOISE = 0.1, 0.3, 0.2
BALL = Ball(radius=0.15, steps=4, stride=0.5)


def crowds(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """One pixel tells the class plainly; 63 others tell it together, faintly and more surely."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    sign = (labels * 2 - 1)[:, None, None, None].float()
    images = FAINT * sign + NOISE * torch.randn((count, 1, 8, 8), generator=random)
    images[:, :, 0, 0] = PLAIN * sign[:, :, 0, 0] + NOISE * images[:, :, 0, 0]
    return images.clamp(-1, 1), labels


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 2))


def test_the_worst_picture_is_in_the_ball_and_known_in_closed_form() -> None:
    network, (images, labels) = linear(), crowds(16, 1)
    found = BALL.worst(network, images, labels, torch.Generator().manual_seed(0))
    weight = network[1].weight.detach()
    against = -(weight[labels] - weight[1 - labels]).sign().reshape(images.shape)
    torch.testing.assert_close(found, (images + BALL.radius * against).clamp(-1, 1))


def test_it_resists_what_a_plain_classifier_does_not() -> None:
    images, labels = crowds(1024, 2)
    passes = ClassifierSchedule(epochs=6, batch=32, rate=1e-2, shift=0, flip=False, smoothing=0.0)
    plain, robust = linear(), linear()
    train_classifier(plain, images, labels, passes, 0, lambda *_: None)
    train_robust(robust, images, labels, RobustSchedule(passes, BALL), 0, lambda *_: None)
    held = crowds(1024, 3)
    assert robust_accuracy(plain, *held, BALL, 0) < 0.5
    assert robust_accuracy(robust, *held, BALL, 0) > 0.9


def test_it_repeats_by_seed() -> None:
    images, labels = crowds(128, 2)
    schedule = RobustSchedule(ClassifierSchedule(epochs=1, batch=32), BALL)
    one, other = linear(), linear()
    for network in (one, other):
        train_robust(network, images, labels, schedule, 5, lambda *_: None)
    assert torch.equal(one[1].weight, other[1].weight)
