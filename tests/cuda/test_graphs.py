"""Calls recorded as CUDA graphs give what the calls themselves give."""

import pytest
import torch

from directrix.devices import record
from directrix.errors import InvalidField
from tests.contract.deviation import NAMES, bfloat16, build, call, float32, rows_for

RECORDED = [name for name in NAMES if name != "onnx"]
"""Another runtime computes that one, beyond torch's graphs."""


@pytest.mark.parametrize("precision", [float32, bfloat16])
@pytest.mark.parametrize("name", RECORDED)
def test_a_recording_gives_the_floats_of_the_call(cuda, name, precision):
    network = build(name, cuda)
    answer, rows = call(network, precision), rows_for(network)
    recording = record(answer, rows)
    for shown in (rows, rows.roll(1, 0), rows * 0.5):
        with torch.inference_mode():
            assert torch.equal(recording(shown), answer(shown))


def test_a_recording_hands_out_memory_that_it_does_not_write_again(cuda):
    network = build("dcgan", cuda)
    rows = rows_for(network)
    recording = record(call(network), rows)
    first = recording(rows)
    kept = first.clone()
    recording(rows * 0.5)
    assert torch.equal(first, kept)


def test_a_recording_is_of_one_shape(cuda):
    network = build("linear", cuda)
    recording = record(call(network), rows_for(network))
    with pytest.raises(InvalidField, match="recorded for"):
        recording(rows_for(network, 3))
