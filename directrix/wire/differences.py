"""Differences: where a picture has changed, as a picture in calm colours."""

import numpy as np

WARM, COOL, PAPER = (200, 70, 20), (20, 90, 190), 255
FULL = 128.0
"""Grey levels of change, on average over the channels, that are shown in full colour."""


def difference(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] of two pictures uint8 [H, W, C]: the stronger the change, the stronger.

    Warm where `after` is brighter, cool where darker; between the two where colours have changed
    and brightness has not; white where they are equal.
    """
    change = after.astype(np.float64) - before.astype(np.float64)
    whole = np.abs(change).mean(2, keepdims=True)
    brighter = change.mean(2, keepdims=True)
    share = (1 + np.divide(brighter, whole, out=np.zeros_like(whole), where=whole > 0)) / 2
    ink = share * np.array(WARM) + (1 - share) * np.array(COOL)
    strength = np.minimum(whole / FULL, 1)
    return np.rint(PAPER + strength * (ink - PAPER)).astype(np.uint8)
