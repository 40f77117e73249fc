"""A critic with help: what the frozen network sees counts, and a first part can be taken over."""

from pathlib import Path

import pytest
import torch
from torch import nn

from directrix.generators.style_network import StyleConfig
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.types import ImageCard
from directrix.zoo.aided_training import AidedTraining
from directrix.zoo.style_training import Schedule, StyleTraining

pytestmark = pytest.mark.slow  # it trains

CONFIG = StyleConfig(z_dim=8, w_dim=8, mapping_layers=2, channels=(8, 8, 8, 8), image_channels=1)
SCHEDULE = Schedule(images=64, batch=8, penalty_every=2, critic=(8, 8, 8, 8))
IMAGES = torch.linspace(-1, 1, 16 * 32 * 32).reshape(16, 1, 32, 32)


def aid() -> ConvolutionalNetwork:
    torch.manual_seed(1)
    image = ImageCard(channels=1, height=32, width=32)
    network = ConvolutionalNetwork({"blocks": [[4], [6]], "hidden": 5}, image, 3)
    return network.requires_grad_(False).eval()


def aided(maps: bool, seed: int = 3) -> AidedTraining:
    return AidedTraining(CONFIG, SCHEDULE, IMAGES, seed, aid(), maps)


def weights(network: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()])


@pytest.mark.parametrize(("maps", "judges"), [(False, 2), (True, 4)])
def test_every_judge_learns_and_the_aid_does_not(maps: bool, judges: int) -> None:
    run = aided(maps)
    assert len(run._judge(IMAGES)) == judges
    before = [weights(head) for head in run.critic.opinions]
    frozen = weights(run.aid)
    run.step()
    assert len(before) == judges - 1
    for head, old in zip(run.critic.opinions, before, strict=True):
        assert not torch.equal(weights(head), old)
    assert torch.equal(weights(run.aid), frozen)


def test_an_opinion_pulls_on_the_generator() -> None:
    alone, helped = StyleTraining(CONFIG, SCHEDULE, IMAGES, 3), aided(False)
    helped.take_over(alone)
    assert torch.equal(weights(helped.network), weights(alone.network))
    alone.step()
    helped.step()
    assert not torch.equal(weights(helped.network), weights(alone.network))


def test_the_first_part_is_taken_over_and_a_stop_changes_nothing(tmp_path: Path) -> None:
    first = StyleTraining(CONFIG, SCHEDULE, IMAGES, 3)
    first.step()
    whole, stopped = aided(True), aided(True)
    for run in (whole, stopped):
        run.take_over(first)
        run.step()
    stopped.save(tmp_path / "state.pt")
    resumed = aided(True, seed=99)
    resumed.load(tmp_path / "state.pt")
    whole.step()
    resumed.step()
    assert resumed.done == whole.done == 3
    assert torch.equal(weights(resumed.average), weights(whole.average))
