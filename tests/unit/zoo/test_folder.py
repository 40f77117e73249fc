"""The recipe of an image folder: models that load, the same by seed, stopped or not."""

from pathlib import Path

import pytest
import torch

from directrix import generators, predictors
from directrix.errors import InvalidField
from directrix.model_files import read_model
from directrix.types import Space
from directrix.zoo.folder import FolderRecipe, train_folder
from directrix.zoo.image_folder import ImageFolder

pytestmark = pytest.mark.slow  # it trains

CPU = torch.device("cpu")


def two_colours(side: int, count: int = 64) -> ImageFolder:
    """Red pictures and blue ones."""
    labels = torch.arange(count) % 2
    images = torch.zeros(count, 3, side, side, dtype=torch.uint8)
    images[labels == 0, 0] = 255
    images[labels == 1, 2] = 255
    return ImageFolder(images, labels, ("red", "blue"))


def test_models_load_and_the_classifier_tells_the_classes(tmp_path: Path) -> None:
    told: list[str] = []
    recipe = FolderRecipe("colours", z_dim=8, shown=128, epochs=3)
    train_folder(two_colours(16, 1200), recipe, tmp_path, tmp_path / "work", told.append)
    assert "colours: 1200 pictures of red, blue" in told
    generator = generators.build(*read_model(tmp_path / "colours-generator"), CPU)
    images = generator.synthesise(torch.zeros(2, 8), Space.Z)
    assert images.shape == (2, 3, 16, 16)
    for kind in ("classifier", "oracle"):
        card, arrays = read_model(tmp_path / f"colours-{kind}")
        judge = predictors.build(card, arrays, CPU)
        assert judge.scorers == ("red", "blue")
        assert card.metrics[0].value == 1.0
        judge.check_images(generator.card.image)


def test_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    def digest(out: str, *shown: int) -> str:
        for images in shown:
            recipe = FolderRecipe("colours", z_dim=4, shown=images, epochs=1)
            train_folder(two_colours(16), recipe, tmp_path / out, tmp_path / out, lambda _: None)
        return read_model(tmp_path / out / "colours-generator")[0].digest

    assert digest("whole", 192) == digest("parts", 64, 192)


def test_sides_it_cannot_make_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidField, match="16, 32, 64, 128, not 20"):
        train_folder(two_colours(20), FolderRecipe("x"), tmp_path, tmp_path, lambda _: None)
