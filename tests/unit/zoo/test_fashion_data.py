"""Reading Fashion-MNIST's idx files."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from directrix.errors import DataMissing
from directrix.zoo import fashion_data


def test_it_reads_idx_files_into_the_unit_range(tmp_path: Path) -> None:
    pixels = np.zeros((2, 28, 28), np.uint8)
    pixels[1] = 255
    with gzip.open(tmp_path / "t10k-images-idx3-ubyte.gz", "wb") as file:
        file.write(bytes(16) + pixels.tobytes())
    with gzip.open(tmp_path / "t10k-labels-idx1-ubyte.gz", "wb") as file:
        file.write(bytes(8) + bytes([3, 9]))
    images, labels = fashion_data.load("test", tmp_path)
    assert images.shape == (2, 1, 28, 28)
    assert images[0].max() == -1.0
    assert images[1].min() == 1.0
    assert labels.tolist() == [3, 9]


def test_a_missing_data_set_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="apt-get install dataset-fashion-mnist"):
        fashion_data.load("train", tmp_path)
