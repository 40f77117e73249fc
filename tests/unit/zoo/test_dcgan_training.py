"""Training a DCGAN repeats by seed, and its critic learns to tell real from made."""

from pathlib import Path

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


def test_it_goes_on_from_a_checkpoint_as_if_never_stopped(tmp_path: Path) -> None:
    whole, broken, resumed = training(), training(), training(seed=9)
    for _ in range(4):
        whole.step()
    broken.step()
    broken.save(tmp_path / "half.pt")
    resumed.load(tmp_path / "half.pt")
    for _ in range(3):
        resumed.step()
    assert resumed.shown == whole.shown
    assert torch.equal(weights(whole), weights(resumed))


def test_bytes_train_like_floats() -> None:
    bytes_ = torch.randint(0, 256, (16, 1, 28, 28), dtype=torch.uint8)
    runs = [
        DcganTraining(CONFIG, SCHEDULE, images, 3)
        for images in (bytes_, bytes_.float() / 127.5 - 1)
    ]
    for run in runs:
        run.step()
    assert torch.equal(*map(weights, runs))
