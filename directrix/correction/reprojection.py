"""Re-projection: the code of a learner's own space whose picture is that of an edit, many at once.

Source: SC2GAN (arXiv 2310.06667), its inversion "back to the original latent space": here Adam on
the pixels from the edit on, as in Image2StyleGAN (arXiv 1904.03189). A picture that is inverted
drifts back into the dense cell, so `restore` follows, which is ours: the smallest change of the
code that gives the scores which the sample is for, by Gauss-Newton steps.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from directrix.correction.reader import BATCH, Reader

RATE = 0.05
"""Adam's first step, in common SDs of the space."""


def invert(
    reader: Reader,
    starts: np.ndarray,
    pictures: Callable[[slice], Tensor],
    spread: float,
    steps: int,
    pull: float,
    tell: Callable[[], None],
) -> np.ndarray:
    """Codes [n, ...] whose images are near pictures(rows), the edited images of some rows.

    Minimises the mean squared error of the pixels + pull x mean squared distance from the start, in
    common SDs `spread`. tell: called before every batch, may raise.
    """
    done = []
    for start in range(0, len(starts), BATCH):
        tell()
        rows = slice(start, min(start + BATCH, len(starts)))
        codes = reader.tensor(starts[rows])
        done.append(_descend(reader, codes, pictures(rows), spread, steps, pull))
    return np.concatenate(done) if done else starts


def _descend(
    reader: Reader, starts: Tensor, images: Tensor, spread: float, steps: int, pull: float
) -> np.ndarray:
    with torch.inference_mode(False), torch.enable_grad():
        offset = torch.zeros_like(starts).requires_grad_(True)
        adam = torch.optim.Adam([offset], lr=RATE)
        for step in range(steps):
            for group in adam.param_groups:
                group["lr"] = RATE * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
            made = reader.images(starts + spread * offset)
            loss = (made - images).square().flatten(1).mean(1).sum()
            loss = loss + pull * offset.square().flatten(1).mean(1).sum()
            (offset.grad,) = torch.autograd.grad(loss, [offset])
            adam.step()
        return (starts + spread * offset).detach().cpu().numpy()


def restore(
    reader: Reader,
    codes: np.ndarray,
    wanted: np.ndarray,
    deviations: np.ndarray,
    spread: float,
    steps: int,
    pull: float,
    tell: Callable[[], None],
) -> np.ndarray:
    """Codes [n, ...] near `codes` with the wanted scores [n, K].

    Minimises sum_k ((s_k - wanted_k) / SD_k)^2 + pull x |u - code|^2, the latter in common SDs
    `spread` and as a mean over layers. Scorers with deviation 0 do not count. Each of the `steps`
    costs one picture and K gradients a code.
    """
    held = np.flatnonzero(deviations > 0)
    done = []
    for start in range(0, len(codes), BATCH):
        tell()
        rows = slice(start, start + BATCH)
        aims = reader.tensor(wanted[rows][:, held] / deviations[held])
        scale = reader.tensor(deviations[held])
        done.append(
            _gauss_newton(
                reader, reader.tensor(codes[rows]), aims, held, scale, spread, steps, pull
            )
        )
    return np.concatenate(done) if done else codes


def _gauss_newton(
    reader: Reader,
    codes: Tensor,
    aims: Tensor,
    held: np.ndarray,
    scale: Tensor,
    spread: float,
    steps: int,
    pull: float,
) -> np.ndarray:
    """d = J^T (J J^T + pull I)^-1 (wanted - s + J d): the ridge solution of linearised scores."""
    ridge = pull / (codes.shape[1] if codes.ndim == 3 else 1) * torch.eye(len(held)).to(codes)
    with torch.inference_mode(False), torch.enable_grad():
        change = torch.zeros_like(codes)
        for _ in range(steps):
            change = change.detach().requires_grad_(True)
            made = reader.images(codes + spread * change)
            scores = reader.judge(made)[:, torch.from_numpy(held)] / scale
            slopes = torch.stack([_slope(score, change) for score in scores.T], 1)
            left = aims - scores.detach() + torch.einsum("nkd,nd->nk", slopes, change.flatten(1))
            gram = slopes @ slopes.transpose(1, 2) + ridge
            weights = torch.linalg.solve(gram, left[..., None])[..., 0]
            change = torch.einsum("nkd,nk->nd", slopes, weights).reshape(codes.shape)
        return (codes + spread * change).detach().cpu().numpy()


def _slope(score: Tensor, change: Tensor) -> Tensor:
    """Gradient [n, d] of one score [n]: rows do not mix."""
    (gradient,) = torch.autograd.grad(score.sum(), [change], retain_graph=True)
    return gradient.flatten(1)
