"""The bodies of the face networks, with weights that make their output known."""

import pytest
import torch
from torch import nn

from directrix.predictors.face_features import (
    DenseBlock,
    DenseFeatures,
    MainBlock,
    ReductionBlock,
    XceptionFeatures,
)


def pass_through(network: nn.Module) -> None:
    """Every convolution hands on its input: one at the middle of its window, channel by channel."""
    with torch.no_grad():
        for conv in network.modules():
            if isinstance(conv, nn.Conv2d):
                weight = torch.zeros_like(conv.weight)
                middle = conv.kernel_size[0] // 2
                for k in range(min(conv.weight.shape[:2])):
                    weight[k, k, middle, middle] = 1
                if conv.groups > 1:
                    weight[:, 0, middle, middle] = 1
                conv.weight.copy_(weight)
                if conv.bias is not None:
                    conv.bias.zero_()


def test_every_convolution_of_a_dense_block_sees_the_sum_of_those_before():
    """With convolutions that hand on their input x: x, 2 x, 4 x, 8 x."""
    block = DenseBlock(2, 2, first=False)
    pass_through(block)
    out = block(torch.full((1, 2, 5, 5), 0.5))
    torch.testing.assert_close(out, torch.full((1, 2, 3, 3), 4.0))


def test_a_main_block_goes_around_and_is_rectified_before_each_convolution():
    block = MainBlock(2)
    pass_through(block)
    x = torch.tensor([1.0, -1.0]).view(1, 2, 1, 1)
    assert block(x).flatten().tolist() == [2.0, -1.0]


def test_a_reduction_halves_by_the_largest_and_adds_every_second_pixel():
    block = ReductionBlock(1, 1)
    pass_through(block)
    x = torch.arange(16.0).view(1, 1, 4, 4)
    around = torch.tensor([[0.0, 2.0], [8.0, 10.0]])
    largest = torch.tensor([[10.0, 11.0], [14.0, 15.0]])
    assert torch.equal(block(x)[0, 0], largest + around)


@pytest.mark.parametrize("side", [16, 21])
def test_features_have_the_last_width_at_any_side(side):
    x = torch.zeros(2, 3, side, side)
    assert DenseFeatures((4, 6))(x).shape == (2, 6)
    assert XceptionFeatures((4, 5, 6, 7, 8), 2)(x).shape == (2, 8)
