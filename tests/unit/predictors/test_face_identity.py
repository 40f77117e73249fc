"""The descriptor by the adapter."""

import pytest
import torch

from directrix import predictors
from directrix.errors import ModelInvalid
from directrix.predictors.face_identity import Block, IdentityPredictor
from tests.contract.models import CPU, identity_model


def pictures(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(4)) * 2 - 1


def test_scores_are_the_descriptor():
    network = predictors.build(*identity_model(), CPU)
    assert isinstance(network, IdentityPredictor)
    images = pictures(3)
    assert network.embed(images).shape == (3, 5)
    torch.testing.assert_close(network.scores(images), network.embed(images))


def test_a_block_going_down_pools_pads_and_widens_the_way_around():
    """With convolutions of zeros only the way around is left: means of 2 x 2, then zero channels.

    Of 8 rows the unpadded convolution leaves 3, the pooling 4: the larger size is kept.
    """
    block = Block(2, 3, down=True)
    for parameter in block.parameters():
        parameter.data.zero_()
    x = torch.arange(2 * 64.0).view(1, 2, 8, 8)
    out = block(x)
    assert out.shape == (1, 3, 4, 4)
    assert out[0, 0, 0].tolist() == [4.5, 6.5, 8.5, 10.5]
    assert not out[0, 2].any()


def test_a_plain_block_keeps_size_and_is_rectified():
    block = Block(2, 2, down=False)
    for parameter in block.parameters():
        parameter.data.zero_()
    x = torch.tensor([1.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 5, 5)
    assert block(x).mean((2, 3)).tolist() == [[1.0, 0.0]]


def test_widths_and_depths_go_together():
    card, arrays = identity_model()
    odd = card.model_copy(update={"config": {**card.config, "depths": [1]}})
    with pytest.raises(ModelInvalid, match="as many widths as depths"):
        predictors.build(odd, arrays, CPU)
