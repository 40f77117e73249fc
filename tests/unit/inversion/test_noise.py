"""Noise inputs: seeded, white, normalised."""

import numpy as np
import pytest
import torch

from directrix.inversion import noise
from tests.contract.models import generator


def test_the_penalty_is_the_squared_autocorrelation_at_every_scale():
    field = np.random.default_rng(1).standard_normal((1, 1, 16, 16))
    expected, level = 0.0, field[0, 0]
    while True:
        for axis in (0, 1):
            expected += (level * np.roll(level, 1, axis)).mean() ** 2
        if min(level.shape) <= noise.SMALLEST:
            break
        h, w = level.shape
        level = level.reshape(h // 2, 2, w // 2, 2).mean((1, 3)) * 2
    found = noise.autocorrelation(torch.from_numpy(field))
    assert found.item() == pytest.approx(expected, rel=1e-9)


def test_a_picture_is_punished_more_than_white_noise():
    smooth = torch.linspace(-1, 1, 32).expand(1, 1, 32, 32).clone()
    noise.normalise(smooth)
    white = torch.randn((1, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    noise.normalise(white)
    assert noise.autocorrelation(white).item() < 0.1 < 1 < noise.autocorrelation(smooth).item()


def test_drawn_noise_is_seeded_and_of_every_layer():
    fields = generator("style").noises
    first, again, other = (noise.drawn(fields, 2, seed) for seed in (3, 3, 4))
    assert [f.shape for f in first.values()] == [(2, *f.shape[1:]) for f in fields.values()]
    assert all(torch.equal(first[name], again[name]) for name in fields)
    assert not any(torch.equal(first[name], other[name]) for name in fields)
    assert noise.drawn(generator("dcgan").noises, 2, 3) == {}
