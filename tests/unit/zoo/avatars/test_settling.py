"""The last part of a generator's training on toys: it moves readings, and resumes."""

from pathlib import Path

import pytest
import torch

from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.zoo.avatars.factors import NAMES
from directrix.zoo.avatars.generators import IMAGE, pictures
from directrix.zoo.avatars.settling import Settlement, Settling

pytestmark = pytest.mark.slow  # it trains

CONFIG = StyleConfig(z_dim=8, w_dim=8, mapping_layers=2, channels=(8, 8, 8, 8), image_channels=3)


@pytest.fixture(scope="module")
def network() -> StyleNetwork:
    torch.manual_seed(1)
    return StyleNetwork(CONFIG)


@pytest.fixture(scope="module")
def reader() -> ConvolutionalNetwork:
    torch.manual_seed(2)
    made = ConvolutionalNetwork({"blocks": [[8]], "hidden": 8}, IMAGE, len(NAMES))
    return made.eval().requires_grad_(False)


def settling(network: StyleNetwork, reader: ConvolutionalNetwork, **plan: float) -> Settling:
    schedule = Settlement(**{"images": 1280, "batch": 16, "shown": 200, "rate": 2e-3} | plan)
    return Settling(network, schedule, pictures(3, 200, 0.0), [reader], 4)


def run(training: Settling) -> list[dict[str, float]]:
    losses = []
    while not training.finished:
        losses.append(training.step())
    return losses


def test_readings_move_to_where_they_belong(network: StyleNetwork, reader) -> None:
    losses = run(settling(network, reader, hold=0.0))
    late = [loss["apart"] for loss in losses]
    # the first steps rank against the data itself, before there are samples to rank against
    assert sum(late[-10:]) < 0.5 * sum(late[30:40])


def test_what_is_held_stays(network: StyleNetwork, reader) -> None:
    free = run(settling(network, reader, hold=0.0))[-1]["changed"]
    held = run(settling(network, reader, hold=1e4))[-1]["changed"]
    assert held < 0.2 * free


def test_resumes_with_the_same_weights(network: StyleNetwork, reader, tmp_path: Path) -> None:
    whole = settling(network, reader, images=160)
    run(whole)
    broken = settling(network, reader, images=160)
    for _ in range(4):
        broken.step()
    broken.save(tmp_path / "half.pt")
    resumed = settling(network, reader, images=160)
    resumed.load(tmp_path / "half.pt")
    assert len(run(resumed)) == 6
    wanted = whole.average.state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in resumed.average.state_dict().items())
