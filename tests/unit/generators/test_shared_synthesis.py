"""Pictures with shared beginnings are those that the network makes one by one."""

import pytest
import torch

from directrix.generators.shared_synthesis import SharedSynthesis
from directrix.generators.style import StyleGenerator
from directrix.types import Space
from tests.contract.toys import style_world


def test_moved_and_distinct_styles_give_the_networks_pictures() -> None:
    generator = style_world().generator
    assert isinstance(generator, StyleGenerator)
    z = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    base = generator.convert(z, Space.Z, Space.S)
    size = base.shape[1]
    moved = base.repeat_interleave(size, 0) + torch.eye(size).repeat(3, 1)
    styles = torch.cat([base, moved, base])[torch.randperm(6 + 3 * size)]
    mine = SharedSynthesis(generator._network, generator.noises)(styles)
    theirs = generator.synthesise(styles, Space.S)
    assert mine.numpy() == pytest.approx(theirs.numpy(), abs=1e-4 * float(theirs.abs().max()))
