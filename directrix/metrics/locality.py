"""How much of a picture a move changes, without being told where it may."""

import numpy as np

SHARE = 0.9


def changed_area(before: np.ndarray, after: np.ndarray, share: float = SHARE) -> np.ndarray:
    """Pictures uint8 [n, H, W, C] twice -> [n] in (0, 1]: the smallest part of all pixels that
    holds `share` of the squared change. 1 where nothing changes: nothing is local there.

    Source: the mean squared error inside and outside of a mask, as of Wu et al. (arXiv 2011.12799),
    section 4, turned round: the mask is the smallest one that leaves 1 - share outside.
    """
    change = np.square(after.astype(np.float64) - before).sum(-1).reshape(len(before), -1)
    falling = -np.sort(-change, 1)
    held = np.cumsum(falling, 1) >= share * falling.sum(1, keepdims=True) * (1 - 1e-12)
    pixels = change.shape[1]
    return np.where(falling[:, 0] > 0, (held.argmax(1) + 1) / pixels, 1.0)
