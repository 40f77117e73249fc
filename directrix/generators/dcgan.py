"""Adapter of DCGAN generators: transposed convolutions with batch normalisation; space Z only.

Source: Radford et al. (arXiv 1511.06434), section 3. Blocks of ConvTranspose 4x4, BatchNorm, ReLU
(the first without padding, 1x1 -> 4x4; the others double), then ConvTranspose, crop and tanh.
Tensors: "blocks.<i>.conv.weight", "blocks.<i>.norm.*" and "image.weight".
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from directrix.errors import ModelInvalid, SpaceUnavailable
from directrix.generators.generator import Generator, Noises, Tap
from directrix.networks import AdapterConfig, Width, load, read_config
from directrix.types import GeneratorCard, ImageCard, LayerCard, Noise, Space, SpaceCard


class Config(AdapterConfig):
    """config of a card whose architecture is "dcgan"; widths from 4x4 upwards."""

    z_dim: int = Field(ge=1, le=4096)
    widths: tuple[Width, ...] = Field(min_length=1, max_length=8)
    image_channels: Literal[1, 3]
    crop: int = Field(ge=0, le=8, default=0)
    """Pixels cut from each side of the last layer's output."""


class Block(nn.Module):
    """ConvTranspose 4x4, BatchNorm, ReLU; the first block grows 1x1 to 4x4, others double."""

    def __init__(self, inputs: int, outputs: int, first: bool):
        super().__init__()
        stride, padding = (1, 0) if first else (2, 1)
        self.conv = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x)))


class DcganNetwork(nn.Module):
    """z [N, z_dim] -> images [N, C, side, side] in (-1, 1), side = 4 * 2^len(widths) - 2 crop."""

    def __init__(self, config: Config):
        super().__init__()
        inputs = (config.z_dim, *config.widths[:-1])
        self.blocks = nn.ModuleList(
            Block(a, b, first=i == 0)
            for i, (a, b) in enumerate(zip(inputs, config.widths, strict=True))
        )
        last, channels = config.widths[-1], config.image_channels
        self.image = nn.ConvTranspose2d(last, channels, 4, 2, 1 + config.crop, bias=False)

    def forward(self, z: Tensor, taps: Mapping[str, Tap] | None = None) -> Tensor:
        taps = taps or {}
        x = z[:, :, None, None]
        for i, block in enumerate(self.blocks):
            x = block(x)
            name = layer_name(i)
            x = taps[name](x) if name in taps else x
        return torch.tanh(self.image(x))


def layer_name(block: int) -> str:
    """ "b4", "b8", ...: blocks are called after their resolution."""
    return f"b{4 * 2**block}"


class DcganGenerator(Generator):
    """A frozen `DcganNetwork` behind the generators' face."""

    def __init__(self, card: GeneratorCard, network: DcganNetwork, device: torch.device):
        super().__init__(card, device)
        self._network = network

    def truncate(self, latents: Tensor, space: Space, psi: float) -> Tensor:
        self._card_of(space)
        return latents * psi

    def convert(self, latents: Tensor, source: Space, target: Space) -> Tensor:
        self.check_conversion(source, target)
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
        return self._network(self.convert(latents, space, Space.Z), taps)

    def weights(self, space: Space) -> Mapping[int, Tensor]:
        """The first transposed convolution as a matrix: {0: [C * 4 * 4, z_dim]}."""
        if space is not Space.Z:
            raise SpaceUnavailable(f"generator {self.card.name} has no space {space}: it has z")
        kernel = self._network.blocks[0].conv.weight
        return {0: kernel.flatten(1).T.contiguous()}


def build(
    card: GeneratorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> DcganGenerator:
    """Raises ModelInvalid where card and tensors do not agree."""
    config = read_config(Config, card.config)
    made = _functional(config)
    for field in ("spaces", "layers", "image"):
        if getattr(card, field) != made[field]:
            raise ModelInvalid(f"the model card's {field} do not follow from its config")
    return DcganGenerator(card, load(lambda: DcganNetwork(config), arrays, device), device)


def card(config: Mapping[str, object], name: str, **prose: Any) -> GeneratorCard:
    """The card of a network of this config: spaces, layers, image; digest left empty."""
    checked = read_config(Config, config)
    settings = checked.model_dump(mode="json")
    return GeneratorCard(
        name=name, architecture="dcgan", config=settings, **_functional(checked), **prose
    )


def random_arrays(config: Mapping[str, object], seed: int) -> dict[str, np.ndarray]:
    """Untrained float32 weights for a card's config, as Radford et al. initialise them."""
    with torch.device("meta"):
        state = DcganNetwork(read_config(Config, config)).state_dict()
    chance = np.random.Generator(np.random.Philox(seed))
    floats = {name: tensor for name, tensor in state.items() if tensor.is_floating_point()}
    return {name: _initial(name, tensor, chance) for name, tensor in floats.items()}


def _initial(name: str, tensor: Tensor, chance: np.random.Generator) -> np.ndarray:
    shape = tuple(tensor.shape)
    if name.endswith(("running_mean", "norm.bias")):
        return np.zeros(shape, np.float32)
    if name.endswith("running_var"):
        return np.ones(shape, np.float32)
    centre = 1.0 if name.endswith("norm.weight") else 0.0
    return (centre + 0.02 * chance.standard_normal(shape)).astype(np.float32)


def _functional(config: Config) -> dict[str, Any]:
    side = 4 * 2 ** len(config.widths) - 2 * config.crop
    if side < 1:
        raise ModelInvalid("the model card crops more than its images have")
    return {
        "spaces": (SpaceCard(space=Space.Z, dimension=config.z_dim),),
        "layers": tuple(
            LayerCard(name=layer_name(i), channels=width, height=4 * 2**i, width=4 * 2**i)
            for i, width in enumerate(config.widths)
        ),
        "image": ImageCard(channels=config.image_channels, height=side, width=side),
    }
