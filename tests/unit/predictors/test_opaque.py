"""Black boxes: the same scores, no gradient, and a card that says so."""

import pytest
import torch

from directrix import predictors
from directrix.archive import model_digest
from directrix.errors import PredictorMismatch
from directrix.predictors import Opaque, embedder
from tests.contract.models import CPU, PREDICTORS, predictor


@pytest.mark.parametrize("name", ["convolutional", "linear"])
def test_a_card_makes_any_architecture_a_black_box(name: str) -> None:
    card, arrays = PREDICTORS[name]()
    closed = card.model_copy(update={"differentiable": False})
    box, open_ = predictors.build(closed, arrays, CPU), predictor(name)
    image = card.image
    images = torch.zeros(2, image.channels, image.height, image.width).requires_grad_()
    assert isinstance(box, Opaque) and not box.card.differentiable
    assert torch.equal(box.scores(images), open_.scores(images).detach())
    assert not box.scores(images).requires_grad and open_.scores(images).requires_grad
    with pytest.raises(PredictorMismatch):
        embedder(box)


def test_only_black_boxes_say_so_in_their_cards() -> None:
    card, arrays = PREDICTORS["linear"]()
    closed = card.model_copy(update={"differentiable": False})
    assert "differentiable" not in card.model_dump(mode="json")
    assert closed.model_dump(mode="json")["differentiable"] is False
    assert model_digest(card, arrays) != model_digest(closed, arrays)
