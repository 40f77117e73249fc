"""Flip models: from an audit alone, which pictures one movement would flip a classifier on.

The margin that the source class has left after the movement is read off the picture, averaged to a
few cells, by ridge regression over the audited population. It is a property of pictures and the
movement, so it holds for classifiers that rely on the same.
"""

import numpy as np

from directrix.types import FlipModel, Stride

SIDE = 7
"""Cells to a side that a picture is averaged to."""

RIDGES = (1.0, 10.0, 100.0, 1e3, 1e4)
"""Penalties, in units of a cell's mean variance; the best by leave-one-out is taken."""


def pooled(images: np.ndarray, side: int) -> np.ndarray:
    """uint8 [N, H, W, C] -> [N, side * side * C] in [0, 1]: means of cells."""
    down, across = (_means(size, side) for size in images.shape[1:3])
    return np.einsum("sh,nhwc,tw->nstc", down, images / 255.0, across).reshape(len(images), -1)


def fit_flips(stride: Stride, images: np.ndarray, left: np.ndarray) -> FlipModel:
    """images uint8 [n, H, W, C]; left [n]: the source class's log odds against the best other after
    the movement, below 0 where it flips."""
    side = min(SIDE, images.shape[1], images.shape[2])
    cells = pooled(images, side)
    means = cells.mean(0)
    x, y = cells - means, -left + left.mean()
    basis, sizes, _ = np.linalg.svd(x, full_matrices=False)
    unit = np.square(x).mean()
    best = min(RIDGES, key=lambda ridge: _left_out(basis, sizes, y, ridge * unit))
    weights = np.linalg.solve(x.T @ x + best * unit * np.eye(x.shape[1]), x.T @ y)
    return FlipModel(
        stride=stride,
        side=side,
        means=tuple(float(v) for v in means),
        weights=tuple(float(v) for v in weights),
        intercept=float(-left.mean()),
    )


def predict_flips(model: FlipModel, images: np.ndarray) -> np.ndarray:
    """Scores [N] of pictures uint8 [N, H, W, C]: above 0 a flip is expected, higher is surer."""
    cells = pooled(images, model.side)
    return np.asarray(model.intercept + (cells - np.array(model.means)) @ np.array(model.weights))


def _left_out(basis: np.ndarray, sizes: np.ndarray, y: np.ndarray, ridge: float) -> float:
    """Mean squared error of ridge regression, each sample foretold by the others."""
    kept = sizes**2 / (sizes**2 + ridge)
    hat = np.einsum("nk,k,nk->n", basis, kept, basis) + 1 / len(y)
    error = (y - basis @ (kept * (basis.T @ y))) / np.maximum(1 - hat, 1e-6)
    return float(np.square(error).mean())


def _means(size: int, side: int) -> np.ndarray:
    """[side, size]: row s takes the mean of the pixels of cell s."""
    cells = np.arange(size) * side // size
    member = (cells == np.arange(side)[:, None]).astype(np.float64)
    return member / member.sum(1, keepdims=True)
