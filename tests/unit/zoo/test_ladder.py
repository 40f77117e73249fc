"""The ladder: every rung is a model folder that loads."""

import os
from pathlib import Path

import pytest
import torch

from directrix import generators
from directrix.model_files import read_model
from directrix.types import Space
from directrix.zoo import fashion_data, ladder


@pytest.mark.slow
@pytest.mark.skipif(
    not fashion_data.FOLDER.exists() and not os.environ.get("CI"),
    reason="Debian's dataset-fashion-mnist is not installed",
)
def test_rungs_are_built_once_and_load(tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        ladder.train_ladder(tmp_path, 0, told.append, sizes=(16,), ages=(64, 1024))
    assert [line.split(":")[0] for line in told] == [
        ladder.name_of(16, 64),
        ladder.name_of(16, 1024),
    ]
    card, arrays = read_model(tmp_path / "fashion-dcgan-z16-0k")
    generator = generators.build(card, arrays, torch.device("cpu"))
    images = generator.synthesise(torch.zeros(2, 16), Space.Z)
    assert images.shape == (2, 1, 28, 28)
    assert generator.dimension(Space.Z) == 16


def test_names_tell_size_and_age() -> None:
    names = {ladder.name_of(size, age) for size in ladder.SIZES for age in ladder.AGES}
    assert len(names) == 15
    assert "fashion-dcgan-z100-192k" in names
