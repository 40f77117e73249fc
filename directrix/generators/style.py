"""Adapter of compact style-based generators: spaces Z, W, W+ and S.

Tensors: the state of a `StyleNetwork`. Layers: its 3x3 convolutions, named after their resolution
("b8_conv0"). The style vector holds every layer's affine output in the network's order.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from directrix.errors import InvalidField, ModelInvalid, SpaceUnavailable
from directrix.generators.generator import Generator, Noises, Tap
from directrix.generators.style_network import StyleConfig, StyledConv, StyleNetwork
from directrix.generators.style_tangents import StyleTangents
from directrix.jacobians import push
from directrix.networks import AdapterConfig, Width, load, read_config
from directrix.streams import Domain, Streams
from directrix.types import GeneratorCard, ImageCard, LayerCard, Noise, Space, SpaceCard


class Config(AdapterConfig):
    """config of a card whose architecture is "style"; widths from 4x4 upwards."""

    z_dim: int = Field(ge=1, le=4096)
    w_dim: int = Field(ge=1, le=4096)
    mapping_layers: int = Field(ge=1, le=32)
    channels: tuple[Width, ...] = Field(min_length=1, max_length=9)
    image_channels: Literal[1, 3]
    crop: int = Field(ge=0, default=0)


class StyleGenerator(Generator):
    """A frozen `StyleNetwork` behind the generators' face."""

    def __init__(self, card: GeneratorCard, network: StyleNetwork, device: torch.device):
        super().__init__(card, device, network.constant_noise())
        self._network = network

    def truncate(self, latents: Tensor, space: Space, psi: float) -> Tensor:
        if space is Space.Z:
            return latents * psi
        self._card_of(space)
        centre = self._centre(space)
        return centre + psi * (latents - centre)

    def convert(self, latents: Tensor, source: Space, target: Space) -> Tensor:
        self.check_conversion(source, target)
        if source is Space.Z and target is not Space.Z:
            latents, source = self._network.mapping(latents), Space.W
        if source is Space.W and target in (Space.W_PLUS, Space.S):
            latents, source = latents[:, None].expand(-1, self._network.config.num_ws, -1), target
            return latents if target is Space.W_PLUS else self._network.styles(latents)
        if source is Space.W_PLUS and target is Space.S:
            return self._network.styles(latents)
        return latents

    def synthesise(
        self,
        latents: Tensor,
        space: Space,
        noise: Noise | Noises = Noise.CONSTANT,
        noise_seeds: Sequence[int] = (),
        taps: Mapping[str, Tap] | None = None,
    ) -> Tensor:
        self.check_layers(tuple(taps or ()))
        fields = self._noise(noise, noise_seeds, len(latents))
        styles = self.convert(latents, space, Space.S)
        return self._network.synthesise(styles, fields, dict(taps or {}))

    def channels(self, space: Space) -> Mapping[str, int]:
        return self._network.style_sizes if space is Space.S else super().channels(space)

    tangent_cost = 0.25

    def push(self, point: Tensor, tangents: Tensor, space: Space) -> Tensor:
        with torch.no_grad():
            styles = self.convert(point[None], space, Space.S)[0]
        if space is not Space.S:
            tangents = push(lambda u: self.convert(u, space, Space.S), point, tangents)
        return StyleTangents(self._network, styles, self.noises)(tangents)

    def weights(self, space: Space) -> Mapping[int, Tensor]:
        """Index in W+ -> the affine matrices of all layers that it feeds, [C, w_dim]."""
        if space not in (Space.W, Space.W_PLUS):
            raise SpaceUnavailable(
                f"no linear map acts on {space} of a style-based generator: its mapping network "
                "normalises z, and styles modulate; use W or W+",
                space=space,
            )
        network = self._network
        found: dict[int, list[Tensor]] = {}
        for name, layer in network.layers.items():
            matrix = layer.affine.weight * layer.affine.scale
            found.setdefault(network.style_ws[name], []).append(matrix)
        return {index: torch.cat(matrices) for index, matrices in sorted(found.items())}

    def _centre(self, space: Space) -> Tensor:
        """The mean of the population: w_avg in W and W+, its styles in S."""
        average = self._network.mapping.w_avg[None]
        return self.convert(average, Space.W, space)

    def _noise(self, noise: Noise | Noises, seeds: Sequence[int], count: int) -> Noises | None:
        constant = self.noises
        if not isinstance(noise, Noise):
            return noise
        if noise is Noise.CONSTANT:
            return constant
        if noise is Noise.NONE:
            return None
        if len(seeds) != count:
            raise InvalidField(
                f"seeded noise takes one seed a sample: {count}, not {len(seeds)}",
                field="noise_seeds",
            )
        shapes = {name: tuple(field.shape[1:]) for name, field in constant.items()}
        drawn = _seeded(tuple(seeds), sum(int(np.prod(shape)) for shape in shapes.values()))
        parts = torch.from_numpy(drawn).to(self.device)
        sizes = [int(np.prod(shape)) for shape in shapes.values()]
        fields = zip(shapes.items(), parts.split(sizes, 1), strict=True)
        return {name: part.reshape(count, *shape) for (name, shape), part in fields}


def build(
    card: GeneratorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> StyleGenerator:
    """Raises ModelInvalid where card and tensors do not agree."""
    config = StyleConfig(**dict(read_config(Config, card.config)))
    if config.image_size < 1:
        raise ModelInvalid("the model card crops more than the image has")
    made = _functional(config)
    for field in ("spaces", "layers", "image"):
        if getattr(card, field) != made[field]:
            raise ModelInvalid(f"the model card's {field} do not follow from its config")
    return StyleGenerator(card, load(lambda: StyleNetwork(config), arrays, device), device)


def card(config: StyleConfig, name: str, **prose: Any) -> GeneratorCard:
    """The card of a network of this architecture: spaces, layers, image; digest left empty."""
    settings = Config.model_validate(vars(config)).model_dump(mode="json")
    return GeneratorCard(
        name=name, architecture="style", config=settings, **_functional(config), **prose
    )


def _functional(config: StyleConfig) -> dict[str, Any]:
    with torch.device("meta"):
        network = StyleNetwork(config)
    styles = sum(network.style_sizes.values())
    size, channels = config.image_size, cast(Literal[1, 3], config.image_channels)
    return {
        "spaces": (
            SpaceCard(space=Space.Z, dimension=config.z_dim),
            SpaceCard(space=Space.W, dimension=config.w_dim),
            SpaceCard(space=Space.W_PLUS, dimension=config.w_dim, layers=config.num_ws),
            SpaceCard(space=Space.S, dimension=styles),
        ),
        "layers": tuple(
            LayerCard(name=name, channels=layer.bias.shape[0], height=side, width=side)
            for name, layer in network.layers.items()
            if isinstance(layer, StyledConv)
            for side in (layer.noise.shape[2],)
        ),
        "image": ImageCard(channels=channels, height=size, width=size),
    }


def _seeded(seeds: tuple[int, ...], length: int) -> np.ndarray:
    """Standard normal noise [N, length], every row of its own seed."""
    out = np.empty((len(seeds), length), np.float32)
    for row, seed in zip(out, seeds, strict=True):
        Streams(seed, Domain.NOISE).fill(0, row)
    return out
