"""TensorFlow.js weights and a PyTorch checkpoint, read byte by byte."""

import io
import json

import numpy as np
import pytest
import torch

from directrix.errors import ModelInvalid
from directrix.zoo.faces.weights import read_checkpoint, read_weights

QUANTISED = {"name": "a", "shape": [2, 2], "dtype": "float32"} | {
    "quantization": {"dtype": "uint8", "scale": 0.5, "min": -3.0}
}
PLAIN = {"name": "b", "shape": [3], "dtype": "float32"}
DATA = bytes([0, 2, 4, 255]) + np.array([1.5, -2, 8], "<f4").tobytes()


def manifest(*entries: dict) -> bytes:
    return json.dumps([{"paths": ["x.bin"], "weights": entries}]).encode()


def test_bytes_stand_for_q_times_scale_plus_min_and_floats_for_themselves():
    arrays = read_weights(manifest(QUANTISED, PLAIN), DATA)
    assert arrays["a"].tolist() == [[-3.0, -2.0], [-1.0, 124.5]]
    assert arrays["b"].tolist() == [1.5, -2.0, 8.0]
    assert {a.dtype for a in arrays.values()} == {np.dtype(np.float32)}


def test_files_that_do_not_belong_together_are_refused():
    with pytest.raises(ModelInvalid, match="end before 'b'"):
        read_weights(manifest(QUANTISED, PLAIN), DATA[:-1])
    with pytest.raises(ModelInvalid, match="12 bytes that no name claims"):
        read_weights(manifest(QUANTISED), DATA)


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def test_the_generators_floats_are_read_and_its_counters_left_out():
    state = {"main.0.weight": torch.ones(2, 1), "main.1.num_batches_tracked": torch.tensor(5)}
    arrays = read_checkpoint(saved({"netG_state_dict": state, "epoch": 3}))
    assert list(arrays) == ["main.0.weight"]
    assert arrays["main.0.weight"].tolist() == [[1.0], [1.0]]


def test_a_checkpoint_of_something_else_is_refused():
    with pytest.raises(ModelInvalid, match="no netG_state_dict"):
        read_checkpoint(saved({"netD_state_dict": {}}))
    with pytest.raises(ModelInvalid, match="no netG_state_dict"):
        read_checkpoint(saved([1, 2]))


class Hostile:
    """Would raise when unpickled."""

    def __reduce__(self) -> tuple:
        return exec, ("raise SystemExit('code of the file has run')",)


def test_nothing_in_a_checkpoint_is_run():
    with pytest.raises(ModelInvalid, match="more than tensors"):
        read_checkpoint(saved({"netG_state_dict": Hostile()}))
