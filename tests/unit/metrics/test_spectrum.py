"""Waves of known frequency have their power where they belong."""

import numpy as np

from directrix.metrics import radial_power


def test_a_wave_has_its_power_at_its_frequency() -> None:
    x = np.arange(16) * 2 * np.pi / 16
    wave = np.broadcast_to(np.sin(5 * x), (3, 1, 16, 16))
    power = radial_power(wave + 0.7)
    assert power.shape == (9,)
    assert power.argmax() == 5
    assert np.delete(power, 5).max() < 1e-9 * power[5]


def test_stripes_of_one_pixel_are_at_the_nyquist_frequency() -> None:
    stripes = np.tile([1.0, -1.0], (16, 8))[None, None]
    assert radial_power(stripes).argmax() == 8


def test_noise_is_flat() -> None:
    noise = np.random.default_rng(0).standard_normal((400, 1, 16, 16))
    power = radial_power(noise)[1:]
    np.testing.assert_allclose(power / power.mean(), 1, atol=0.06)
