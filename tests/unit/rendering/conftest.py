import pytest

from tests.contract import models
from tests.unit.rendering.world import STYLE_FINDINGS, World


@pytest.fixture(scope="module")
def world() -> World:
    return World("style", STYLE_FINDINGS, [models.predictor("convolutional")])
