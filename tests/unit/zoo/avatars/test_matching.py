"""Matching of readings: samples are drawn to the value of their rank among the data."""

from pathlib import Path

import pytest
import torch

from directrix.zoo.aided_training import AidedTraining
from directrix.zoo.avatars.generators import AIDS, CONFIG, Aid, pictures, train_aids
from directrix.zoo.avatars.matching import RANKS, MatchedTraining, Matching
from directrix.zoo.avatars.supervision import Supervision
from directrix.zoo.style_training import Schedule

BRIEF = tuple(Aid(each.config, Supervision(steps=2, batch=8)) for each in AIDS)
SCHEDULE = Schedule(images=32, batch=8, critic=(4, 4, 4, 4), penalty_every=2)


def correlated(count: int, spread: float, seed: int) -> torch.Tensor:
    """Two standard normal columns with a correlation of .8, times `spread`."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 2, generator=random)
    return spread * torch.stack([x[:, 0], 0.8 * x[:, 0] + 0.6 * x[:, 1]], 1)


def test_data_lie_where_they_belong_and_shrunken_data_do_not():
    matching = Matching(correlated(4000, 1.0, 1))
    for seed in range(2, 18):
        alike = matching(correlated(64, 1.0, seed)).item()
    for seed in range(2, 18):
        shrunken = matching(correlated(64, 0.5, seed)).item()
    assert alike < 0.02
    assert shrunken == pytest.approx(0.25 * (1 + 1 + 1.8) / 3, rel=0.3)


def test_following_it_restores_spread_and_correlation():
    matching = Matching(correlated(4000, 1.0, 1))
    transform = torch.nn.Parameter(torch.eye(2) * 0.5)
    optimiser = torch.optim.Adam([transform], 0.02)
    random = torch.Generator().manual_seed(3)
    for _ in range(400):
        optimiser.zero_grad()
        matching(torch.randn(64, 2, generator=random) @ transform).backward()
        optimiser.step()
    made = (torch.randn(20_000, 2, generator=random) @ transform).detach()
    assert made.std(0).tolist() == pytest.approx([1, 1], abs=0.08)
    assert torch.corrcoef(made.T)[0, 1].item() == pytest.approx(0.8, abs=0.08)


def test_it_remembers_the_most_recent_samples():
    matching = Matching(correlated(1000, 1.0, 1))
    rows = matching._project(correlated(RANKS + 3, 1.0, 2))
    for part in correlated(RANKS + 3, 1.0, 2).split(100):
        matching(part)
    assert matching.next.item() == 3
    assert torch.allclose(matching.recent[:, 3:].T, rows[3:RANKS], atol=1e-5)
    assert torch.allclose(matching.recent[:, :3].T, rows[RANKS:], atol=1e-5)


@pytest.mark.slow
def test_the_generator_is_told_how_far_off_its_readings_are():
    aids = train_aids(3, lambda _: None, BRIEF)
    images = pictures(1, 500, 0.0)
    training = MatchedTraining(CONFIG, SCHEDULE, images, 1, aids[0])
    training.start_from(AidedTraining(CONFIG, SCHEDULE, images, 0, aids[0]), aids, 4.0)
    alike = training._besides(images).item()
    grey = torch.zeros_like(images[:64], requires_grad=True)
    apart = training._besides(grey)
    apart.backward()
    assert alike < 0.2 < apart.item()
    assert grey.grad is not None and grey.grad.abs().sum() > 0


@pytest.mark.slow
def test_a_matched_training_goes_on_from_another_and_after_a_stop(tmp_path: Path):
    aids = train_aids(3, lambda _: None, BRIEF)
    images = pictures(1, 16, 0.0)
    first = AidedTraining(CONFIG, SCHEDULE, images, 0, aids[0])
    first.step()

    def second() -> MatchedTraining:
        training = MatchedTraining(CONFIG, SCHEDULE, images, 1, aids[0], True)
        training.start_from(first, aids, 4.0)
        return training

    whole, before, after = second(), second(), second()
    assert torch.equal(whole.average.constant, first.average.constant)
    whole.step()
    whole.step()
    before.step()
    before.save(tmp_path / "state.pt")
    after.load(tmp_path / "state.pt")
    after.step()
    for one, other in zip(whole.average.parameters(), after.average.parameters(), strict=True):
        assert torch.equal(one, other)
