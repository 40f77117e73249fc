"""Colours of avatars: sRGB in [0, 1], ramps for the factors that are colours."""

import numpy as np

SKIN = ((1.00, 0.87, 0.75), (0.80, 0.57, 0.41), (0.40, 0.25, 0.17))
HAIR = ((0.10, 0.08, 0.10), (0.47, 0.25, 0.12), (0.98, 0.83, 0.42))
IRIS = ((0.42, 0.20, 0.04), (0.22, 0.62, 0.28), (0.10, 0.50, 1.00))
LIPS = ((0.98, 0.70, 0.68), (0.86, 0.32, 0.38), (0.66, 0.02, 0.14))
BACKGROUND = ((0.42, 0.60, 0.90), (0.55, 0.82, 0.66), (0.99, 0.74, 0.45))

WHITE = (0.97, 0.97, 0.98)
TEETH = (0.97, 0.95, 0.90)
MOUTH = (0.28, 0.05, 0.09)
DARK = (0.10, 0.08, 0.10)
FRAMES = (0.09, 0.09, 0.14)
CLOTHES = (0.27, 0.30, 0.47)
BLUSH = (0.93, 0.42, 0.38)


def ramp(stops: tuple, position: np.ndarray) -> np.ndarray:
    """Colours [N, 3] at positions [N] in [-1, 1] of evenly spaced stops."""
    places = np.linspace(-1, 1, len(stops))
    channels = [np.interp(position, places, channel) for channel in zip(*stops, strict=True)]
    return np.stack(channels, 1).astype(np.float32)


def flat(colour: tuple, count: int) -> np.ndarray:
    """One colour for all: [N, 3]."""
    return np.tile(np.array(colour, np.float32), (count, 1))
