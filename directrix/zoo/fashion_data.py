"""Fashion-MNIST as the Debian package `dataset-fashion-mnist` installs it (idx files, gzip)."""

import gzip
from pathlib import Path

import numpy as np

from directrix.errors import DataMissing

FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "boot",
)


def load(split: str, folder: Path = FOLDER) -> tuple[np.ndarray, np.ndarray]:
    """Images [N, 1, 28, 28] float32 in [-1, 1] and labels [N] int64 of split "train" or "test".

    Raises DataMissing where the data set is not installed.
    """
    stem = {"train": "train", "test": "t10k"}[split]
    images = _read_idx(folder / f"{stem}-images-idx3-ubyte.gz", header=16)
    labels = _read_idx(folder / f"{stem}-labels-idx1-ubyte.gz", header=8)
    scaled = images.reshape(-1, 1, 28, 28).astype(np.float32) / 127.5 - 1.0
    return scaled, labels.astype(np.int64)


def _read_idx(path: Path, header: int) -> np.ndarray:
    try:
        with gzip.open(path) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)
    except FileNotFoundError as error:
        raise DataMissing(
            f"{path} is not there: install the data set as root with "
            "'apt-get install dataset-fashion-mnist'"
        ) from error
