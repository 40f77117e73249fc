"""Separable clouds with a known normal."""

import numpy as np


def clouds(dimension: int = 12, count: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(latents float32 [count, d] of spread 7 about 5, labels, the true unit normal)."""
    chance = np.random.Generator(np.random.Philox(4))
    normal = chance.standard_normal(dimension)
    normal /= np.linalg.norm(normal)
    latents = chance.standard_normal((3 * count, dimension))
    along = latents @ normal
    order = np.argsort(along)
    chosen = np.concatenate([order[: count // 2], order[-count // 2 :]])
    labels = (along[chosen] > 0).astype(np.int64)
    return (7 * latents[chosen] + 5).astype(np.float32), labels, normal
