"""The registry of generators and predictors: architectures by name."""

import pytest

from directrix import generators, predictors
from directrix.errors import ModelInvalid
from tests.contract.models import CPU, linear_model, linear_predictor_model


def test_an_unknown_architecture_is_answered_with_the_known_ones():
    card, arrays = linear_model()
    with pytest.raises(ModelInvalid, match="dcgan, linear, planted, style"):
        generators.build(card.model_copy(update={"architecture": "os"}), arrays, CPU)
    card, arrays = linear_predictor_model()
    with pytest.raises(ModelInvalid, match=r"convolutional, .*linear"):
        predictors.build(card.model_copy(update={"architecture": "__main__"}), arrays, CPU)
    assert generators.architectures() == ("dcgan", "linear", "planted", "style")
    assert set(predictors.architectures()) >= {"convolutional", "linear"}


def test_a_model_of_the_other_kind_is_refused():
    with pytest.raises(ModelInvalid, match="planted is a generator, not a predictor"):
        predictors.build(*linear_model(), CPU)
    with pytest.raises(ModelInvalid, match="reader is a predictor, not a generator"):
        generators.build(*linear_predictor_model(), CPU)
