"""The last parts of a generator's training: what it makes is as spread out as what it was shown.

A generative network tends to make less of what is rare. So besides its critic it follows, for many
one-dimensional readings of its pictures, the optimal transport of what it makes to the data: each
reading is drawn to the value that has the same rank among the data. Readings are the outputs of
frozen regressors and the sums of any two of them, which carry their correlations.
Source: Deshpande et al., "Generative Modeling using the Sliced Wasserstein Distance" (arXiv
1803.11188), equation 6, with ranks among recent samples instead of one batch.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.zoo.aided_training import AidedTraining
from directrix.zoo.style_training import half_precision

RANKS = 512
"""Recent samples among which a new one is ranked."""


class Matching(nn.Module):
    """Readings [N, F] -> mean squared distance, in standard deviations, to where they belong.

    seen: readings of the data. single: by how much the distances of single factors are stretched
    against those of sums of two.
    """

    def __init__(self, seen: Tensor, single: float = 1.0):
        super().__init__()
        axes = torch.eye(seen.shape[1])
        first, second = torch.triu_indices(len(axes), len(axes), 1)
        self.register_buffer(
            "lines", torch.cat([single * axes, (axes[first] + axes[second]) * 0.5**0.5])
        )
        self.register_buffer("mean", seen.mean(0))
        self.register_buffer("deviation", seen.std(0))
        places = torch.linspace(0, len(seen) - 1, RANKS).round().long()
        self.register_buffer("reference", self._project(seen).sort(0).values[places].T.contiguous())
        self.register_buffer("recent", self.reference.clone())
        self.register_buffer("next", torch.zeros((), dtype=torch.long))

    def forward(self, readings: Tensor) -> Tensor:
        points = self._project(readings).T
        with torch.no_grad():
            self._remember(points)
            rank = torch.searchsorted(self.recent.sort(1).values, points.contiguous())
            wanted = self.reference.gather(1, rank.clamp(max=RANKS - 1))
        return (points - wanted).square().mean()

    def _project(self, readings: Tensor) -> Tensor:
        return ((readings - self.mean) / self.deviation) @ self.lines.T

    def _remember(self, points: Tensor) -> None:
        columns = (self.next + torch.arange(points.shape[1])) % RANKS
        self.recent[:, columns] = points
        self.next.copy_((self.next + points.shape[1]) % RANKS)


class MatchedTraining(AidedTraining):
    """An `AidedTraining`, with opinions on maps, that goes on from another and matches readings."""

    def start_from(
        self, other: AidedTraining, readers: Sequence[ConvolutionalNetwork], weight: float
    ) -> None:
        """Takes over the networks; optimisers and random numbers start anew.

        readers: frozen regressors, whose outputs are matched. weight: of the transport, each
        judge's being 1.
        """
        self.network.load_state_dict(other.network.state_dict())
        self.average.load_state_dict(other.average.state_dict())
        self.critic.load_state_dict(other.critic.state_dict(), strict=False)
        self.readers, self.weight = readers, weight
        shown = self.images[:4000].split(500)
        with torch.no_grad():
            seen = [torch.cat([read(reader, batch) for batch in shown]) for reader in readers]
        self.critic.add_module("matchings", nn.ModuleList(map(Matching, seen)))

    def _besides(self, fake: Tensor) -> Tensor:
        pairs = zip(self.critic.matchings, self.readers, strict=True)
        apart = [matching(read(reader, fake)) for matching, reader in pairs]
        return self.weight * torch.stack(apart).mean()


def read(reader: ConvolutionalNetwork, images: Tensor) -> Tensor:
    """The outputs of a regressor: [N, F]."""
    with half_precision():
        return reader(images).float()
