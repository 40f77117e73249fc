"""What the command-line entry points read from disk: model folders and npy files."""

from pathlib import Path

import numpy as np

from directrix.archive import unpack_model
from directrix.errors import InvalidField, ModelInvalid
from directrix.types import ModelCard

CARD, TENSORS = "card.json", "model.safetensors"


def read_model(folder: Path) -> tuple[ModelCard, dict[str, np.ndarray]]:
    """Card (digest filled in) and arrays of a model folder. Raises ModelInvalid."""
    for name in (CARD, TENSORS):
        if not (folder / name).is_file():
            raise ModelInvalid(f"{folder} is no model folder: it has no {name}")
    return unpack_model((folder / CARD).read_bytes(), (folder / TENSORS).read_bytes())


def read_array(path: Path) -> np.ndarray:
    """The numeric array of an npy file; never a pickle. Raises InvalidField."""
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InvalidField(f"{path} is no npy file of numbers", field="file") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise InvalidField(f"{path} is no npy file of numbers", field="file")
    return array
