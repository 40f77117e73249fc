"""Encoder: a frozen network image -> latent of one generator.

Source: Zhu et al., "In-Domain GAN Inversion for Real Image Editing" (arXiv 2004.00049), section
3.1. The network is a `ConvolutionalNetwork` that speaks in standard deviations of the population:
u = mean + spread o network(image). Tensors: its state under "network.", "mean" and "spread".
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from directrix.errors import EncoderMismatch, ModelInvalid
from directrix.generators import Generator
from directrix.networks import load, read_config
from directrix.predictors.convolutional import Config, ConvolutionalNetwork
from directrix.types import EncoderCard, GeneratorCard, ImageCard, ModelCard, Space

ARCHITECTURE = "convolutional"
Shape = tuple[int, ...]


class EncoderNetwork(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> latents [N, *shape]."""

    def __init__(self, config: Config, image: ImageCard, shape: Shape):
        super().__init__()
        self.network = ConvolutionalNetwork(config, image, int(np.prod(shape)))
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("spread", torch.ones(shape))

    def offsets(self, images: Tensor) -> Tensor:
        """Latents in standard deviations from the population's mean: [N, *shape]."""
        return self.network(images).reshape(-1, *self.mean.shape)

    def forward(self, images: Tensor) -> Tensor:
        return self.mean + self.spread * self.offsets(images)


class Encoder:
    """A frozen encoder on one device."""

    def __init__(self, card: EncoderCard, network: EncoderNetwork, device: torch.device):
        self.card = card
        self.device = device
        self._network = network

    def check(self, generator: GeneratorCard, space: Space) -> None:
        """Raises EncoderMismatch where it does not encode into this space of this generator."""
        if self.card.generator != generator.digest or self.card.space is not space:
            whose = "this" if self.card.generator == generator.digest else "another"
            raise EncoderMismatch(
                f"encoder {self.card.name} encodes into {self.card.space} of {whose} generator, "
                f"not into {space} of {generator.name}",
                encoder=self.card.name,
                generator=generator.name,
            )

    def __call__(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> latents [N, d], or [N, layers, d] in W+."""
        with torch.no_grad():
            return self._network(images)


def latent_shape(generator: Generator, space: Space) -> Shape:
    """(d,), or (layers, d) in W+. Raises SpaceUnavailable."""
    width = generator.dimension(space)
    return (generator.num_layers(space), width) if space is Space.W_PLUS else (width,)


def build(card: ModelCard, arrays: Mapping[str, np.ndarray], device: torch.device) -> Encoder:
    """The frozen encoder of a card and its tensors. Raises ModelInvalid."""
    if not isinstance(card, EncoderCard):
        raise ModelInvalid(f"model {card.name} is a {card.kind}, not an encoder")
    if card.architecture != ARCHITECTURE:
        raise ModelInvalid(
            f"no encoder has the architecture {card.architecture!r}: there is {ARCHITECTURE}"
        )
    config = read_config(Config, card.config)
    if "mean" not in arrays or not 1 <= arrays["mean"].ndim <= 2:
        raise ModelInvalid("tensor 'mean' is a latent: [d], or [layers, d] in W+", tensor="mean")
    shape = arrays["mean"].shape
    network = load(lambda: EncoderNetwork(config, card.image, shape), arrays, device)
    return Encoder(card, network, device)


def card(
    name: str, generator: GeneratorCard, space: Space, config: Mapping[str, object], **prose: Any
) -> EncoderCard:
    """The card of an encoder of this config; digest left empty."""
    settings = read_config(Config, config).model_dump(mode="json")
    return EncoderCard(
        name=name,
        architecture=ARCHITECTURE,
        config=settings,
        image=generator.image,
        generator=generator.digest,
        space=space,
        **prose,
    )
