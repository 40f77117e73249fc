"""Where a search begins: the directions that change features most on average over the latents.

Source: the leading right-singular vectors of the Jacobian that Ramesh, Choi and LeCun train for,
"A Spectral Regularizer for Unsupervised Disentanglement" (arXiv 1812.01161), section 3; here of
finite steps along the walk that is trained with, averaged over latents.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from directrix.densities import Step
from directrix.traversal.features import FeatureReader

SIDE = 16
"""Longest side of features that are compared; larger ones are averaged down to it."""


@torch.no_grad()
def principal_directions(
    reader: FeatureReader, step: Step, latents: Tensor, spreads: Sequence[Tensor], length: float
) -> Tensor:
    """Orthonormal rows [d, d], the strongest first: eigenvectors of the mean of J J^T.

    J [d, features]: the change of the features, in the channels' spreads, from -length to +length
    along every axis, by `step` from each of latents [n, d]; every layer counts alike. length in
    latent units. Along two of the rows the changes are uncorrelated on average over the latents.
    """
    axes = length * torch.eye(latents.shape[1], device=latents.device, dtype=latents.dtype)
    gram = torch.zeros(len(axes), len(axes), dtype=torch.float64)
    for latent in latents:
        starts = latent.expand_as(axes)
        ends = zip(reader(step(starts, axes)), reader(step(starts, -axes)), spreads, strict=True)
        for there, back, spread in ends:
            change = _small((there - back) / spread).flatten(1)
            gram += (change @ change.T / change.shape[1]).double().cpu()
    _, columns = torch.linalg.eigh(gram)
    return columns.flip(1).T.contiguous().to(latents)


def _small(features: Tensor) -> Tensor:
    height, width = features.shape[2:]
    if max(height, width) <= SIDE:
        return features
    return adaptive_avg_pool2d(features, (min(height, SIDE), min(width, SIDE)))
