"""The ported networks agree with the original JavaScript on every output."""

import numpy as np
import pytest

from tests.integration.faces.port import OUTPUTS, inputs, originals, port_errors, ported


@pytest.fixture(scope="module")
def errors() -> dict[str, float]:
    return port_errors(2)


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_port_is_within_a_ten_thousandth_of_the_original(errors, output):
    """Landmarks in 0..1 of the square, age in years, logits, the descriptor's coordinates."""
    assert errors[output] <= 1e-4


def test_the_comparison_sees_a_change_of_one_grey_level():
    small, large = inputs(1)
    there = originals(small, large)
    here = ported((small + 1).clamp(0, 255), (large + 1).clamp(0, 255))
    for output in OUTPUTS:
        assert np.abs(here[output] - there[output]).max() > 1e-4, output
