"""Re-projection: the code of a learner's own space whose picture is that of an edit, many at once.

Source: SC2GAN (arXiv 2310.06667), its inversion "back to the original latent space": here Adam on
the pixels from the edit on, as in Image2StyleGAN (arXiv 1904.03189). A picture that is inverted
drifts back into the dense cell, so `restore` follows, which is ours: the smallest change of the
code that gives the scores which the sample is for, by Gauss-Newton steps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

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
    common: bool = False,
) -> np.ndarray:
    """Codes [n, ...] near `codes` with the wanted scores [n, K], or nearer to them.

    Minimises sum_k ((s_k - wanted_k) / SD_k)^2 + pull x |u - code|^2, the latter in common SDs
    `spread` and as a mean over layers: d = J^T (J J^T + pull I)^-1 (wanted - s + J d) in every
    step. Scorers with deviation 0 do not count. J is each code's own, or, where `common`, its mean
    over at most 64 of the codes: one direction for all can only use what they have in common.
    """
    held = np.flatnonzero(deviations > 0)
    ridge = pull / (codes.shape[1] if codes.ndim == 3 else 1)
    solver = _Restoration(reader, held, reader.tensor(deviations[held]), spread, ridge)
    change = np.zeros_like(codes)
    for _ in range(steps if len(codes) else 0):
        shared = None
        if common:
            tell()
            some = slice(None, None, -(-len(codes) // BATCH))
            shared = solver.slopes(codes[some], change[some])[1].mean(0, keepdim=True)
        for start in range(0, len(codes), BATCH):
            tell()
            rows = slice(start, start + BATCH)
            change[rows] = solver.step(codes[rows], change[rows], wanted[rows], shared)
    return (codes + spread * change).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Restoration:
    """Gauss-Newton steps of changes, in common SDs of the space. held: scorers that count."""

    reader: Reader
    held: np.ndarray
    deviations: Tensor
    spread: float
    ridge: float

    def slopes(self, codes: np.ndarray, change: np.ndarray) -> tuple[Tensor, Tensor]:
        """Scores [n, K] in SD and their gradients [n, K, D] with respect to the change."""
        with torch.inference_mode(False), torch.enable_grad():
            point = self.reader.tensor(change).requires_grad_(True)
            scores = self._scores(codes, point)
            parts = [
                torch.autograd.grad(score.sum(), [point], retain_graph=True)[0].flatten(1)
                for score in scores.T
            ]
        return scores.detach(), torch.stack(parts, 1)

    def step(
        self, codes: np.ndarray, change: np.ndarray, wanted: np.ndarray, shared: Tensor | None
    ) -> np.ndarray:
        """The next changes [n, ...]. shared: gradients [1, K, D] for all codes, or None."""
        if shared is None:
            scores, slopes = self.slopes(codes, change)
        else:
            slopes = shared.expand(len(codes), -1, -1)
            with torch.no_grad():
                scores = self._scores(codes, self.reader.tensor(change))
        aims = self.reader.tensor(wanted[:, self.held]) / self.deviations
        made = self.reader.tensor(change).flatten(1)
        left = aims - scores + torch.einsum("nkd,nd->nk", slopes, made)
        gram = slopes @ slopes.transpose(1, 2)
        gram = gram + self.ridge * torch.eye(gram.shape[1]).to(gram)
        weights = torch.linalg.solve(gram, left[..., None])[..., 0]
        new = torch.einsum("nkd,nk->nd", slopes, weights)
        return new.reshape(change.shape).cpu().numpy()

    def _scores(self, codes: np.ndarray, change: Tensor) -> Tensor:
        images = self.reader.images(self.reader.tensor(codes) + self.spread * change)
        return self.reader.judge(images)[:, self.held] / self.deviations
