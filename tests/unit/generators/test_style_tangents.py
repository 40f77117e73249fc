"""Tangents pushed by hand are those that forward mode gives."""

import pytest
import torch

from directrix.generators.style import StyleGenerator
from directrix.jacobians import push
from directrix.types import Space
from tests.contract.toys import style_world


@pytest.mark.parametrize("space", [Space.Z, Space.W, Space.W_PLUS, Space.S])
def test_they_agree_with_forward_mode_in_every_space(space: Space) -> None:
    generator = style_world().generator
    assert isinstance(generator, StyleGenerator)
    z = torch.randn(1, 8, generator=torch.Generator().manual_seed(0))
    point = generator.convert(z, Space.Z, space)[0].clone()
    tangents = torch.eye(point.numel()).reshape(-1, *point.shape)
    mine = generator.push(point, tangents, space)
    theirs = push(lambda u: generator.synthesise(u, space), point, tangents)
    assert mine.numpy() == pytest.approx(theirs.numpy(), abs=1e-4 * float(theirs.abs().max()))
