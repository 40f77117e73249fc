"""Training of a style-based generator whose critic has help: a frozen network that knows the data.

Besides the discriminator, which judges pixels, small heads judge what a frozen network sees: its
hidden layer and outputs, and, if asked for, the maps behind each of its blocks. They keep the
generator from leaving kinds and factors out. The network is thrown away afterwards.
Source: Kumari et al., "Ensembling Off-the-shelf Models for GAN Training" (arXiv 2112.09130).
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from directrix.generators.style_network import StyleConfig
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.zoo.style_training import Schedule, StyleTraining, half_precision

WIDTH = 128
"""Of the hidden layers of the opinion on a vector."""
SEEN = 4000
"""Real images over which what is seen is standardised."""


class AidedTraining(StyleTraining):
    """A `StyleTraining` with several judges of equal weight; `aid` is frozen, evaluating."""

    def __init__(
        self,
        config: StyleConfig,
        schedule: Schedule,
        images: Tensor,
        seed: int,
        aid: ConvolutionalNetwork,
        maps: bool = False,
    ):
        super().__init__(config, schedule, images, seed)
        self.aid = aid
        with torch.no_grad():
            parts = [self._see(batch) for batch in images[:SEEN].split(500)]
        vectors = torch.cat([vector for vector, _ in parts])
        widths = [len(found[0]) for found in parts[0][1]] if maps else []
        opinions = nn.ModuleList(
            [VectorOpinion(vectors.mean(0), vectors.std(0) + 0.01), *map(MapOpinion, widths)]
        )
        self.critic.add_module("opinions", opinions)
        self.d_optimiser.add_param_group({"params": list(opinions.parameters())})

    def take_over(self, first: StyleTraining) -> None:
        """Goes on from where an unaided training of the same networks stands."""
        for name in ("network", "average", "g_optimiser"):
            state = copy.deepcopy(getattr(first, name).state_dict())
            getattr(self, name).load_state_dict(state)
        self.critic.load_state_dict(first.critic.state_dict(), strict=False)
        moments = self.d_optimiser.state_dict()
        moments["state"] = copy.deepcopy(first.d_optimiser.state_dict()["state"])
        self.d_optimiser.load_state_dict(moments)
        self.random.set_state(first.random.get_state())
        self.done = first.done

    def _judge(self, images: Tensor) -> list[Tensor]:
        vector, maps = self._see(images)
        first, *others = self.critic.opinions
        with half_precision():
            opinions = [head(seen).float() for head, seen in zip(others, maps, strict=False)]
        return [*super()._judge(images), first(vector), *opinions]

    def _see(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The aid's hidden layer and outputs [N, hidden + K], and the maps behind its blocks."""
        with half_precision():
            maps = self.aid.maps(images)
            hidden = self.aid.hidden_of(maps)
            return torch.cat([hidden, self.aid.outputs(hidden)], 1).float(), maps


class VectorOpinion(nn.Module):
    """Vectors [N, d] -> logits [N]; every layer's spectral norm is 1."""

    def __init__(self, mean: Tensor, deviation: Tensor):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        layers: list[nn.Module] = []
        for inputs, outputs in ((len(mean), WIDTH), (WIDTH, WIDTH)):
            layers += [spectral_norm(nn.Linear(inputs, outputs)), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Linear(WIDTH, 1)))

    def forward(self, seen: Tensor) -> Tensor:
        return self.layers((seen - self.mean) / self.deviation)[:, 0]


class MapOpinion(nn.Module):
    """Feature maps [N, C, h, w] -> logits [N, 1, h / 2, w / 2]: one a place."""

    def __init__(self, channels: int):
        super().__init__()
        width = max(32, channels)
        self.layers = nn.Sequential(
            spectral_norm(nn.Conv2d(channels, width, 3, 2, 1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(width, 1, 3, 1, 1)),
        )

    def forward(self, seen: Tensor) -> Tensor:
        return self.layers(seen)
