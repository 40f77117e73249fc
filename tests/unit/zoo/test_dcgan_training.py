"""Training a DCGAN repeats by seed, and its critic learns to tell real from made."""

import torch

from directrix.generators.dcgan import Config
from directrix.zoo.dcgan_training import DcganSchedule, DcganTraining

CONFIG = Config(z_dim=4, widths=(8, 8, 8), image_channels=1, crop=2)
SCHEDULE = DcganSchedule(batch=8, rate=2e-3, critic=(8, 8))


def training(seed: int = 3) -> DcganTraining:
    images = torch.linspace(-1, 1, 16 * 28 * 28).reshape(16, 1, 28, 28)
    return DcganTraining(CONFIG, SCHEDULE, images, seed)


def weights(run: DcganTraining) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in run.network.parameters()])


def test_it_repeats_by_seed() -> None:
    runs = [training(3), training(3), training(4)]
    for run in runs:
        run.step()
        run.step()
    first, again, other = map(weights, runs)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert runs[0].shown == 16


def test_the_critic_learns() -> None:
    run = training()
    losses = [run.step()["critic"] for _ in range(12)]
    assert losses[-1] < losses[0] - 0.2
