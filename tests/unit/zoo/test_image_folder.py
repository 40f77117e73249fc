"""Image folders in the layouts that people have."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from directrix.errors import DataMissing, ImageInvalid, InvalidField
from directrix.zoo.image_folder import read_image_folder


def put(path: Path, size: tuple[int, int] = (12, 8), colour: str = "red") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def shoes(tmp_path: Path) -> Path:
    """Category/sub-category/brand/id.jpg, as UT Zappos50K lies on a disk."""
    for number in range(3):
        put(tmp_path / f"Boots/Ankle/One Brand/{number}.jpg")
        put(tmp_path / f"Boots/Knee High/Other.Brand/{number}.jpg", colour="blue")
        put(tmp_path / f"Sandals/Flat/Third/{number}.jpg", colour="green")
    (tmp_path / "readme.txt").write_text("not a picture")
    put(tmp_path / "cover.jpg")
    return tmp_path


def test_classes_are_the_directories_at_a_depth(shoes: Path) -> None:
    folder = read_image_folder(shoes, side=16, least=2)
    assert folder.classes == ("Boots", "Sandals")
    assert folder.labels.tolist() == [0] * 6 + [1] * 3
    assert tuple(folder.images.shape) == (9, 3, 16, 16)
    finer = read_image_folder(shoes, side=16, depth=2, least=2)
    assert finer.classes == ("Boots/Ankle", "Boots/Knee High", "Sandals/Flat")
    assert finer.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_small_classes_are_left_out(shoes: Path) -> None:
    put(shoes / "Slippers/One/Brand/0.jpg")
    assert read_image_folder(shoes, 16, least=2).classes == ("Boots", "Sandals")
    with pytest.raises(DataMissing, match="1 classes of 4 pictures"):
        read_image_folder(shoes, 16, least=4)
    with pytest.raises(DataMissing):
        read_image_folder(shoes / "nowhere", 16)


def test_pictures_are_fitted_onto_the_background(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / name / "wide.png", size=(32, 16), colour="#ff0000")
    image = read_image_folder(tmp_path, side=16, least=1).images[0].numpy().transpose(1, 2, 0)
    assert (image[:4] == 255).all()
    assert (image[12:] == 255).all()
    assert np.array_equal(image[8, 8], [255, 0, 0])


def test_transparency_shows_the_background(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(tmp_path / name / "clear.png")
    assert (read_image_folder(tmp_path, side=16, least=1).images == 255).all()


def test_a_file_that_is_no_picture_is_named(shoes: Path) -> None:
    (shoes / "Boots/Ankle/One Brand/broken.jpg").write_bytes(b"not a jpeg")
    with pytest.raises(ImageInvalid, match=r"broken\.jpg"):
        read_image_folder(shoes, 16, least=1)


def test_sides_are_bounded(shoes: Path) -> None:
    with pytest.raises(InvalidField, match="side"):
        read_image_folder(shoes, 2)


def test_splits_are_seeded_and_disjoint(shoes: Path) -> None:
    folder = read_image_folder(shoes, 16, least=2)
    first, second = folder.split(0.3, seed=1)
    assert (len(first.images), len(second.images)) == (7, 2)
    assert sorted([*first.labels.tolist(), *second.labels.tolist()]) == folder.labels.tolist()
    assert folder.split(0.3, seed=1)[1].labels.tolist() == second.labels.tolist()
