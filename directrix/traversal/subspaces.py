"""Channels of a layer that go together: every channel expressed by the others, then clustered.

Source: Li et al. (ACM MM 2021), semantic refinement, with the equations of its predecessor PmSFC
(Li et al., AAAI 2021), eq. 4 to 6: features as channels F [places, C], F ~ F S with diag(S) = 0,
affinity (|S| + |S^T|) / 2, spectral clustering. As in their released code a direction can have
subspaces of its own: of the changes that it makes, channels that change together at one place.

ridge: min |F - F S|^2 + mu |S|^2, in closed form from the channels' correlations, S_ij = -P_ij /
P_jj with P = (F^T F + mu I)^-1 (Steck, "Embarrassingly Shallow Autoencoders", arXiv 1905.03375,
eq. 8). trained: as published, by gradient steps, with the pictures that F S draws held near those
of F and an L1 weight.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from sklearn.cluster import SpectralClustering
from torch import Tensor

from directrix.densities import Step
from directrix.generators import Generator
from directrix.traversal.features import FLOOR, FeatureReader

Expression = Literal["ridge", "trained"]

RIDGE = 0.1
"""mu, for channels of unit variance."""
KEPT = 0.5
"""Share of a column's L1 mass that its strongest entries keep before clustering."""
FAINT = 1e-4
"""Added to every affinity, so that the graph is connected."""
BATCH = 16
STEPS, RATE, FEW = 200, 1e-3, 4
"""Of the published training: steps, rate, latents a step."""
FEATURE, IMAGE, SPARSITY = 1.0, 1.0, 0.1

Draw = Callable[[int, int], Tensor]


@dataclass(frozen=True, eq=False)
class ChannelSubspaces:
    """Channels of one layer in groups, the largest first; dead channels are in none.

    masks: bool [R, C]. means: [C], the mean activation of every channel.
    """

    layer: str
    masks: np.ndarray
    means: np.ndarray

    def strength(self, variation: np.ndarray) -> np.ndarray:
        """[R]: the mean square change of a channel of each group, from [C] of all channels."""
        return (self.masks * variation).sum(1) / self.masks.sum(1)


@dataclass(frozen=True, eq=False)
class Moments:
    """Of a layer's channels over latents and places: means [C], covariance [C, C].

    Of changes the means are 0 and the second moments stand for the covariance.
    """

    means: np.ndarray
    covariance: np.ndarray

    @property
    def alive(self) -> np.ndarray:
        """bool [C]: channels that vary."""
        deviation = np.sqrt(np.diag(self.covariance))
        return deviation > FLOOR * deviation.max()

    def rows(self) -> np.ndarray:
        """[1 + C, C]: the means, then the covariance."""
        return np.concatenate([self.means[None], self.covariance])

    @classmethod
    def of(cls, rows: np.ndarray) -> "Moments":
        """The inverse of `rows`."""
        return cls(rows[0], rows[1:])


@torch.no_grad()
def channel_moments(reader: FeatureReader, draw: Draw, first: int, count: int) -> Moments:
    """Moments of the reader's one layer over `count` latents, streamed in batches."""
    total, square, places = torch.zeros(1), torch.zeros(1), 0
    for start in range(first, first + count, BATCH):
        (features,) = reader(draw(start, min(BATCH, first + count - start)))
        rows = features.double().movedim(1, -1).flatten(0, 2)
        total, square, places = total + rows.sum(0), square + rows.T @ rows, places + len(rows)
    means = (total / places).cpu().numpy()
    return Moments(means, (square / places).cpu().numpy() - np.outer(means, means))


@torch.no_grad()
def change_moments(
    reader: FeatureReader, step: Step, latents: Tensor, displacement: Tensor, spread: Tensor
) -> Moments:
    """Moments of what one displacement [d] changes in the reader's one layer, there and back.

    Over latents [n, d], both signs and places; changes in the channels' spread [1, C, 1, 1].
    """
    total, places = torch.zeros(1), 0
    for starts in latents.split(BATCH):
        (before,) = reader(starts)
        for sign in (1.0, -1.0):
            (after,) = reader(step(starts, sign * displacement.expand_as(starts)))
            rows = ((after - before) / spread).double().movedim(1, -1).flatten(0, 2).cpu()
            total, places = total + rows.T @ rows, places + len(rows)
    return Moments(np.zeros(total.shape[1]), (total / places).numpy())


@torch.no_grad()
def channel_changes(
    reader: FeatureReader, step: Step, latents: Tensor, displacements: Tensor
) -> np.ndarray:
    """[k, C]: how much each displacement [k, d] changes every channel of the reader's one layer.

    Mean square over latents [n, d] and places, in the channel's variance over the latents.
    """
    (spread,) = reader.spread(latents)
    total = torch.zeros(len(displacements), spread.shape[1], dtype=torch.float64)
    for latent in latents:
        (before,) = reader(latent[None])
        (after,) = reader(step(latent.expand(len(displacements), -1), displacements))
        total += ((after - before) / spread).square().mean((2, 3)).double().cpu()
    return (total / len(latents)).numpy()


def express(moments: Moments) -> np.ndarray:
    """S [A, A] of the channels that vary, in closed form; its diagonal is 0."""
    alive = moments.alive
    covariance = moments.covariance[np.ix_(alive, alive)]
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    inverse = np.linalg.inv(correlation + RIDGE * np.eye(len(correlation)))
    expressed = -inverse / np.diag(inverse)
    np.fill_diagonal(expressed, 0.0)
    return expressed


def express_by_training(
    generator: Generator, reader: FeatureReader, draw: Draw, moments: Moments, first: int
) -> np.ndarray:
    """S [A, A] by gradient steps, pictures included; repeats, for it begins at 1e-4 everywhere."""
    alive = torch.from_numpy(np.flatnonzero(moments.alive)).to(generator.device)
    weights = torch.full((len(alive), len(alive)), 1e-4, device=generator.device)
    weights.requires_grad_()
    free = 1 - torch.eye(len(alive), device=generator.device)
    optimiser = torch.optim.Adam([weights], RATE)
    with torch.enable_grad():
        for iteration in range(STEPS):
            latents = draw(first + FEW * iteration, FEW)
            with torch.no_grad():
                images = generator.synthesise(latents, reader.space)
            told = _expressed(generator, reader, latents, weights * free, alive)
            loss = FEATURE * told[0] + IMAGE * (told[1] - images).square().mean()
            loss = loss + SPARSITY * (weights * free).abs().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
    return (weights * free).detach().cpu().double().numpy()


def _expressed(
    generator: Generator, reader: FeatureReader, latents: Tensor, s: Tensor, alive: Tensor
) -> tuple[Tensor, Tensor]:
    """|F - F S|^2 a place in the layer's variance, and the images that F S draws."""
    errors: list[Tensor] = []

    def tap(features: Tensor) -> Tensor:
        mine = features[:, alive]
        told = torch.einsum("nchw,cd->ndhw", mine, s)
        errors.append((mine - told).square().mean() / mine.var())
        changed = features.clone()
        changed[:, alive] = told
        return changed

    images = generator.synthesise(latents, reader.space, taps={reader.layers[0]: tap})
    return errors[0], images


def cluster_channels(
    layer: str, moments: Moments, expressed: np.ndarray, groups: int
) -> ChannelSubspaces:
    """At most `groups` groups of channels, from S of the channels that vary."""
    kept = _strongest(np.abs(expressed), KEPT)
    affinity = (kept + kept.T) / 2
    affinity = affinity / max(affinity.max(), 1e-12) + FAINT
    groups = min(groups, len(affinity))
    if groups < len(affinity):
        labels = SpectralClustering(
            groups, affinity="precomputed", assign_labels="cluster_qr", random_state=0
        ).fit_predict(affinity)
    else:
        labels = np.arange(len(affinity))
    masks = np.zeros((groups, len(moments.means)), bool)
    masks[labels, np.flatnonzero(moments.alive)] = True
    masks = masks[masks.any(1)]
    order = np.argsort(-masks.sum(1), kind="stable")
    return ChannelSubspaces(layer, masks[order], moments.means)


def _strongest(sizes: np.ndarray, share: float) -> np.ndarray:
    """Of every column [A, A] the largest entries that make up `share` of its sum."""
    order = np.argsort(-sizes, axis=0, kind="stable")
    falling = np.take_along_axis(sizes, order, 0)
    before = np.cumsum(falling, 0) - falling
    kept = np.zeros_like(sizes)
    np.put_along_axis(kept, order, np.where(before < share * falling.sum(0), falling, 0.0), 0)
    return kept
