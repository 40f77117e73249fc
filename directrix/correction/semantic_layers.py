"""Which layers of W+ an edit works through: found by trying them one at a time.

Source: "semantic region-specific layers" of SC2GAN (arXiv 2310.06667), whose predecessor ships
them by hand for one network (glasses: layers 1 to 4 of 18). Here: the block of neighbouring layers
that keeps most of the effect and the least of the side effects.
"""

import numpy as np

from directrix.correction.reader import Reader

KEPT = 0.7
"""Share of the whole edit's effect that a block has to keep."""


def layer_effects(
    reader: Reader, codes: np.ndarray, moved: np.ndarray, deviations: np.ndarray
) -> np.ndarray:
    """Mean change of every score when one layer alone is moved: [L, K] in SD.

    codes, moved: [n, L, d] in W+. deviations: [K], those of 0 give effect 0.
    """
    before = reader.scores(codes).astype(np.float64)
    found = []
    for layer in range(codes.shape[1]):
        tried = codes.copy()
        tried[:, layer] = moved[:, layer]
        found.append((reader.scores(tried) - before).mean(0))
    changes = np.stack(found)
    return np.divide(changes, deviations, out=np.zeros_like(changes), where=deviations > 0)


def semantic_layers(effects: np.ndarray, target: int, kept: float = KEPT) -> tuple[int, ...]:
    """The block of layers with the least side effects per effect on the target.

    effects: [L, K]. Among the blocks that keep the share `kept` of the target's effect over all
    layers; a block's effect is the sum of its layers'. All layers where no block keeps as much.
    """
    sums = np.concatenate([np.zeros((1, effects.shape[1])), np.cumsum(effects, 0)])
    whole = sums[-1, target]
    best, least = (0, len(effects)), np.inf
    for low in range(len(effects)):
        for high in range(low + 1, len(effects) + 1):
            block = sums[high] - sums[low]
            own = block[target] * np.sign(whole)
            if own <= 0 or own < kept * abs(whole):
                continue
            cost = np.abs(np.delete(block, target)).sum() / own
            if cost < least:
                best, least = (low, high), cost
    return tuple(range(*best))
