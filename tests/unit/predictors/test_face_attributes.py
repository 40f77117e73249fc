"""Age, gender and expressions by the adapter: signs, log-odds, both views."""

import numpy as np
import torch

from directrix import predictors
from directrix.predictors import Predictor
from directrix.predictors.face_attributes import SCORERS
from tests.contract.models import CPU, attributes_model


def built(mirror: bool = False, scorers: tuple[str, ...] = SCORERS, **biases) -> Predictor:
    """biases: of layers whose weights are set to zero, so that their output is known."""
    card, arrays = attributes_model()
    for name, bias in biases.items():
        weight = np.zeros_like(arrays[f"{name}.weight"])
        arrays = {**arrays, f"{name}.weight": weight, f"{name}.bias": np.float32(bias)}
    chosen = tuple(s for name in scorers for s in card.scorers if s.name == name)
    config = {**card.config, "mirror": mirror}
    card = card.model_copy(update={"config": config, "scorers": chosen})
    return predictors.build(card, arrays, CPU)


def pictures(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(3)) * 2 - 1


def test_age_is_a_plain_number_and_male_the_first_logit_less_the_second():
    network = built(age=[41.5], gender=[2.0, -1.0])
    scores = network.scores(pictures(2))
    assert scores[:, network.index("age")].tolist() == [41.5, 41.5]
    assert scores[:, network.index("male")].tolist() == [3.0, 3.0]


def test_an_expression_is_told_as_its_odds_against_all_others():
    odds = [4.0, 3.0, 0.1, 0.2, 0.3, 0.5, 1.0]
    network = built(expression=np.log(odds))
    scores = network.scores(pictures(1))[0, 2:]
    shares = np.array(odds) / sum(odds)
    np.testing.assert_allclose(scores, np.log(shares / (1 - shares)), rtol=1e-5)


def test_both_views_are_averaged():
    once, both, images = built(), built(mirror=True), pictures(3)
    expected = (once.scores(images) + once.scores(images.flip(3))) / 2
    torch.testing.assert_close(both.scores(images), expected)
    torch.testing.assert_close(both.scores(images.flip(3)), expected)


def test_a_card_may_name_a_few_scorers_in_any_order():
    few, images = built(scorers=("happy", "age")), pictures(2)
    everything = built()
    expected = everything.scores(images)[:, [everything.index("happy"), everything.index("age")]]
    torch.testing.assert_close(few.scores(images), expected)
