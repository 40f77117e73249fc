"""What every channel of a layer does to scores along a move, to first order.

Source: attribution patching, Syed, Rager and Conmy, "Attribution Patching Outperforms Automated
Circuit Discovery" (arXiv 2310.10348): the slope of a score at the features as they are, times what
the move changes in them. One backward pass a scorer tells it of all channels, moves and strides.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from directrix.densities import Step
from directrix.predictors import Predictor
from directrix.traversal.features import FeatureReader

BATCH = 16
"""Latents whose slopes are held at once."""

Judge = Callable[[Tensor], Tensor]
"""Images [n, C, H, W] in [-1, 1] -> scores [n, K], differentiable."""


def channel_effects(
    reader: FeatureReader, judge: Judge, step: Step, latents: Tensor, displacements: Tensor
) -> np.ndarray:
    """float32 [k, C, S, n, K]: change of the scores when one channel alone takes its moved value.

    Of the reader's one layer, from latents [n, d], by displacements [k, S, d]: S strides of each of
    k moves. What a group of channels does is, to first order, the sum over its channels.
    """
    parts = []
    for starts in latents.split(BATCH):
        before, slopes = _slopes(reader, judge, starts)
        moves = [[_moved(reader, step, starts, away) for away in move] for move in displacements]
        told = [[torch.einsum("knchw,nchw->cnk", slopes, m - before) for m in s] for s in moves]
        parts.append(torch.stack([torch.stack(strides, 1) for strides in told]))
    return torch.cat(parts, 3).cpu().numpy()


def judge_side_by_side(networks: Sequence[Predictor], images: Tensor) -> Tensor:
    """Scores [n, K] of images by all networks, side by side."""
    return torch.cat([network.scores(images) for network in networks], 1)


def _slopes(reader: FeatureReader, judge: Judge, starts: Tensor) -> tuple[Tensor, Tensor]:
    """The layer's features [n, C, h, w], and of every scorer the slope there [K, n, C, h, w]."""
    read: list[Tensor] = []

    def tap(features: Tensor) -> Tensor:
        read.append(features.detach().requires_grad_())
        return read[0]

    with torch.enable_grad():
        taps = {reader.layers[0]: tap}
        scores = judge(reader.generator.synthesise(starts, reader.space, taps=taps).clamp(-1, 1))
        totals = scores.sum(0)
        slopes = [torch.autograd.grad(one, read[0], retain_graph=True)[0] for one in totals]
    return read[0].detach(), torch.stack(slopes)


@torch.no_grad()
def _moved(reader: FeatureReader, step: Step, starts: Tensor, away: Tensor) -> Tensor:
    (features,) = reader(step(starts, away.expand_as(starts)))
    return features
