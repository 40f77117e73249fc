"""Training a style-based generator repeats by seed and continues after a stop."""

from pathlib import Path

import pytest
import torch

from directrix.generators.style_network import StyleConfig
from directrix.zoo.style_training import Schedule, StyleTraining

pytestmark = pytest.mark.slow  # it trains

CONFIG = StyleConfig(z_dim=8, w_dim=8, mapping_layers=2, channels=(8, 8, 8, 8), image_channels=1)
SCHEDULE = Schedule(images=64, batch=8, penalty_every=2, critic=(8, 8, 8, 8))


def training(seed: int = 3) -> StyleTraining:
    images = torch.linspace(-1, 1, 16 * 32 * 32).reshape(16, 1, 32, 32)
    return StyleTraining(CONFIG, SCHEDULE, images, seed)


def average(run: StyleTraining) -> torch.Tensor:
    return torch.cat([p.flatten() for p in run.average.parameters()])


def test_a_stopped_training_continues_to_the_same_weights(tmp_path: Path) -> None:
    whole = training()
    for _ in range(4):
        whole.step()
    first = training()
    first.step()
    first.step()
    first.save(tmp_path / "state.pt")
    second = training(seed=99)
    second.load(tmp_path / "state.pt")
    second.step()
    second.step()
    assert second.done == 4
    assert torch.equal(average(whole), average(second))


def test_it_moves_the_average_and_ends_at_the_schedule() -> None:
    run = training()
    before = average(run)
    while not run.finished:
        losses = run.step()
    assert run.done == 8
    assert all(value == pytest.approx(value) for value in losses.values())
    assert not torch.equal(before, average(run))


def test_the_rate_falls_to_a_twentieth() -> None:
    run = training()
    while not run.finished:
        run.step()
    rate = run.g_optimiser.param_groups[0]["lr"]
    assert SCHEDULE.rate / 20 <= rate < SCHEDULE.rate / 2
