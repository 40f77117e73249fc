"""Training on drawn avatars: it learns, repeats by seed and disturbs by seed."""

import pytest
import torch

from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.zoo.avatars.factors import NAMES
from directrix.zoo.avatars.generators import IMAGE
from directrix.zoo.avatars.renderer import draw
from directrix.zoo.avatars.supervision import Supervision, disturb, factor_loss, train

PLAN = Supervision(steps=60, batch=32, rate=1e-2)


def trained() -> tuple[torch.nn.Module, list[float]]:
    torch.manual_seed(1)
    network = ConvolutionalNetwork({"blocks": [[4], [8]], "hidden": 16}, IMAGE, len(NAMES))
    losses: list[float] = []
    train(network, factor_loss, PLAN, 5, lambda _, loss: losses.append(loss))
    return network, losses


@pytest.mark.slow
def test_it_learns_and_repeats_by_seed():
    network, losses = trained()
    assert len(losses) == 10
    assert losses[-1] < 0.8 * losses[0]
    again, _ = trained()
    assert torch.equal(network.outputs.weight, again.outputs.weight)


def test_the_loss_of_the_truth_is_nearly_nothing():
    truth = draw(2, 0, 50)
    values = torch.from_numpy(truth.values).clone()
    assert factor_loss(values * 1.0, truth).item() == pytest.approx(0.0313, abs=1e-3)
    for name in ("glasses", "age_lines"):
        values[:, NAMES.index(name)] *= 20
    assert factor_loss(values, truth).item() < 1e-6


def test_disturbances_are_what_the_plan_says():
    images = torch.zeros(4, 3, 32, 32)
    plan = Supervision(steps=1, noise=0.0, tint=0.1, hole=4)
    first = disturb(images, plan, torch.Generator().manual_seed(1))
    assert torch.equal(first, disturb(images, plan, torch.Generator().manual_seed(1)))
    assert 0 < first.abs().max() <= 0.1
    assert (first == 0).sum().item() == 4 * 3 * 16
    noisy = disturb(images, Supervision(steps=1, noise=0.3), torch.Generator().manual_seed(1))
    assert noisy.std().item() == pytest.approx(0.3, rel=0.05)
