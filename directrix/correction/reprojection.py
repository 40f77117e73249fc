"""Re-projection: the code of a learner's own space whose picture is that of an edit, many at once.

Source: SC2GAN (arXiv 2310.06667), its inversion "back to the original latent space": here Adam on
the pixels from the edit on, as in Image2StyleGAN (arXiv 1904.03189). A picture that is inverted
drifts back into the dense cell, so `restore` follows, which is ours: the smallest change of the
code that gives the scores which the sample is for, by Gauss-Newton steps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor

from directrix.correction.reader import BATCH, Reader

RATE = 0.05
"""Adam's first step, in common SDs of the space."""

TIED = 0.5
"""Weight of a change that all layers of W+ share, as a multiple of other changes' (pooled slopes).

Codes whose layers are alike are those that a generator has seen, and can be edited better (Tov et
al., "Designing an Encoder for StyleGAN Image Manipulation", arXiv 2102.02766).
"""


class Slopes(StrEnum):
    """Slopes of a restoration.

    POOLED: their mean over samples, with their variance held down. COMMON: their mean. OWN: each
    sample's.
    """

    POOLED = "pooled"
    COMMON = "common"
    OWN = "own"


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
    slopes: Slopes = Slopes.OWN,
) -> np.ndarray:
    """Codes [n, ...] near `codes` with the wanted scores [n, K], or nearer to them.

    Minimises sum_k ((s_k - wanted_k) / SD_k)^2 + pull x |u - code|^2, the latter in common SDs
    `spread` and as a mean over layers: d = J^T (J J^T + pull I)^-1 (wanted - s + J d) in every
    step. Scorers with deviation 0 do not count. J is each code's own or its mean over at most 64
    of the codes: one direction for all can only use what they have in common. Pooled, J is this
    mean and what the distance counts is joined by the variance of J_m d over these codes m, summed
    over scorers; a change that all layers share counts TIED of another one.
    """
    held = np.flatnonzero(deviations > 0)
    layers = codes.shape[1] if codes.ndim == 3 else 1
    solver = _Restoration(reader, held, reader.tensor(deviations[held]), spread, layers, pull)
    change = np.zeros_like(codes)
    for _ in range(steps if len(codes) else 0):
        shared = None
        if slopes is not Slopes.OWN:
            tell()
            some = slice(None, None, -(-len(codes) // BATCH))
            shared = solver.shared(codes[some], change[some], slopes is Slopes.POOLED)
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
    layers: int
    """Of a code in W+; 1 elsewhere."""
    pull: float

    @property
    def ridge(self) -> float:
        """Weight of the squared distance as a sum over layers."""
        return self.pull / self.layers

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

    def shared(self, codes: np.ndarray, change: np.ndarray, pooled: bool) -> tuple[Tensor, Tensor]:
        """Mean slopes J of some codes and the directions V to move in: each [1, K, D].

        V is J, or, pooled, J (R + L C)^-1: C the covariance of the slopes, summed over the scorers,
        L the number of layers, and R the unit matrix with TIED for what all layers have in common.
        """
        slopes = self.slopes(codes, change)[1]
        mean = slopes.mean(0, keepdim=True)
        if not pooled:
            return mean, mean
        apart = (slopes - mean).flatten(0, 1).double()
        wide, loose = self._loosened(mean[0].double()), self._loosened(apart)
        gram = apart @ loose.T
        gram.diagonal().add_(len(slopes) / self.layers)
        turned = wide - torch.linalg.solve(gram, apart @ wide.T).T @ loose
        return mean, turned.to(mean)[None]

    def _loosened(self, slopes: Tensor) -> Tensor:
        """Slopes [m, D] times the inverse of R."""
        if self.layers == 1:
            return slopes
        each = slopes.unflatten(1, (self.layers, -1))
        return (each + (1 / TIED - 1) * each.mean(1, keepdim=True)).flatten(1)

    def step(
        self,
        codes: np.ndarray,
        change: np.ndarray,
        wanted: np.ndarray,
        shared: tuple[Tensor, Tensor] | None,
    ) -> np.ndarray:
        """The next changes [n, ...]. shared: slopes and directions for all codes, or None."""
        if shared is None:
            scores, slopes = self.slopes(codes, change)
            turned = slopes
        else:
            slopes, turned = (each.expand(len(codes), -1, -1) for each in shared)
            with torch.no_grad():
                scores = self._scores(codes, self.reader.tensor(change))
        aims = self.reader.tensor(wanted[:, self.held]) / self.deviations
        made = self.reader.tensor(change).flatten(1)
        left = aims - scores + torch.einsum("nkd,nd->nk", slopes, made)
        gram = slopes @ turned.transpose(1, 2)
        gram = gram + self.ridge * torch.eye(gram.shape[1]).to(gram)
        weights = torch.linalg.solve(gram, left[..., None])[..., 0]
        new = torch.einsum("nkd,nk->nd", turned, weights)
        return new.reshape(change.shape).cpu().numpy()

    def _scores(self, codes: np.ndarray, change: Tensor) -> Tensor:
        images = self.reader.images(self.reader.tensor(codes) + self.spread * change)
        return self.reader.judge(images)[:, self.held] / self.deviations
