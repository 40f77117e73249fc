"""What the packages hold, read as arrays only: TensorFlow.js weights and a PyTorch checkpoint."""

import io
import json
from pickle import UnpicklingError

import numpy as np
import torch

from directrix.errors import ModelInvalid
from directrix.zoo.faces.layouts import Arrays


def read_weights(manifest: bytes, data: bytes) -> Arrays:
    """Weights of a TensorFlow.js manifest and its one binary file: name -> float32.

    Quantised ones are bytes q that stand for q * scale + min. Raises ModelInvalid where the two
    files do not belong together.
    """
    (group,) = json.loads(manifest)
    arrays, place = {}, 0
    for entry in group["weights"]:
        quantised = entry.get("quantization")
        kind = np.dtype(quantised["dtype"] if quantised else entry["dtype"]).newbyteorder("<")
        count = int(np.prod(entry["shape"]))
        if place + count * kind.itemsize > len(data):
            raise ModelInvalid(f"the weights end before {entry['name']!r}")
        values = np.frombuffer(data, kind, count, place).astype(np.float32)
        if quantised:
            values = values * np.float32(quantised["scale"]) + np.float32(quantised["min"])
        arrays[entry["name"]] = values.reshape(entry["shape"])
        place += count * kind.itemsize
    if place != len(data):
        raise ModelInvalid(f"the weights have {len(data) - place} bytes that no name claims")
    return arrays


def read_checkpoint(data: bytes) -> Arrays:
    """The state of the generator "netG" in a PyTorch checkpoint: floats by name.

    Only tensors are read: nothing in the file is run. Raises ModelInvalid.
    """
    try:
        checkpoint = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ModelInvalid("the checkpoint holds more than tensors") from error
    if not isinstance(checkpoint, dict) or "netG_state_dict" not in checkpoint:
        raise ModelInvalid("the checkpoint holds no netG_state_dict")
    state = checkpoint["netG_state_dict"]
    return {k: v.numpy() for k, v in state.items() if v.is_floating_point()}
