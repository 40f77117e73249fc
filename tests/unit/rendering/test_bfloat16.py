"""Previews' short floats, for every architecture: how far they lie from float32 on the CPU."""

import pytest

from tests.contract.deviation import NAMES, bfloat16, deviation
from tests.contract.models import CPU

MOST = 0.08
"""SDs of a model's answers. bfloat16 keeps 8 bits, 0.004 of a value; deep generators add up."""
UNTOUCHED = {"onnx"}
"""Computed by their own runtime, in float32 always."""


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_lies_near_float32(name: str) -> None:
    found = deviation(name, CPU, bfloat16)
    assert found <= MOST
    assert (found == 0) == (name in UNTOUCHED)
