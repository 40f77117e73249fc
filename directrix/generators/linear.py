"""A generator whose answers are known by hand: image = A u + b, with u = z or u = w = M z.

Tensors: "A" [C * H * W, d], "b" [C * H * W] and, where the card has a space W, "M" [d, z]. The one
layer "plane" holds the image itself. A shipped fake: every method has to find A's axes in it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from directrix.errors import ModelInvalid
from directrix.generators.generator import Generator, Noises, Tap
from directrix.networks import AdapterConfig, check, check_names, read_config
from directrix.types import GeneratorCard, ImageCard, LayerCard, Noise, Space, SpaceCard

LAYER = "plane"


class LinearGenerator(Generator):
    """image = A u + b, reshaped to [C, H, W]; not clamped."""

    def __init__(self, card: GeneratorCard, tensors: Mapping[str, Tensor], device: torch.device):
        super().__init__(card, device)
        self._matrix, self._offset = tensors["A"], tensors["b"]
        self._mapping = tensors.get("M")

    def truncate(self, latents: Tensor, space: Space, psi: float) -> Tensor:
        self._card_of(space)
        return latents * psi

    def convert(self, latents: Tensor, source: Space, target: Space) -> Tensor:
        self.check_conversion(source, target)
        if source is target or self._mapping is None:
            return latents
        return latents @ self._mapping.T

    def synthesise(
        self,
        latents: Tensor,
        space: Space,
        noise: Noise | Noises = Noise.CONSTANT,
        noise_seeds: Sequence[int] = (),
        taps: Mapping[str, Tap] | None = None,
    ) -> Tensor:
        self.check_layers(tuple(taps or ()))
        image = self.card.image
        flat = self.convert(latents, space, self.spaces[-1]) @ self._matrix.T + self._offset
        plane = flat.reshape(len(latents), image.channels, image.height, image.width)
        return taps[LAYER](plane) if taps else plane

    def weights(self, space: Space) -> Mapping[int, Tensor]:
        """A itself; A M for z where there is a mapping."""
        self._card_of(space)
        last = space is self.spaces[-1] or self._mapping is None
        return {0: self._matrix if last else self._matrix @ self._mapping}


def build(
    card: GeneratorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> LinearGenerator:
    """Raises ModelInvalid where card and tensors do not agree."""
    read_config(AdapterConfig, card.config)
    spaces = {s.space: s.dimension for s in card.spaces}
    if Space.Z not in spaces or set(spaces) - {Space.Z, Space.W}:
        raise ModelInvalid("a linear generator has the space z and perhaps w")
    image = card.image
    pixels = image.channels * image.height * image.width
    last = spaces.get(Space.W, spaces[Space.Z])
    shapes = {"A": (pixels, last), "b": (pixels,)}
    if Space.W in spaces:
        shapes["M"] = (last, spaces[Space.Z])
    for name, shape in shapes.items():
        check(name, shape, torch.float32, arrays)
    check_names(shapes, arrays)
    tensors = {name: torch.tensor(arrays[name], device=device) for name in shapes}
    return LinearGenerator(card, tensors, device)


def card(
    name: str, image: ImageCard, z_dim: int, w_dim: int | None = None, **prose: Any
) -> GeneratorCard:
    """The card of a linear generator; digest left empty."""
    spaces = [SpaceCard(space=Space.Z, dimension=z_dim)]
    if w_dim is not None:
        spaces.append(SpaceCard(space=Space.W, dimension=w_dim))
    layer = LayerCard(name=LAYER, channels=image.channels, height=image.height, width=image.width)
    return GeneratorCard(
        name=name,
        architecture="linear",
        image=image,
        spaces=tuple(spaces),
        layers=(layer,),
        **prose,
    )


def planted(
    spectrum: Sequence[float], pixels: int, seed: int, contrast: float = 0.25
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Tensors {"A", "b"} whose right singular vectors are planted, and those vectors.

    Returns (arrays, axes): row k of axes [d, d] is the unit vector that A stretches most but k,
    by a factor in proportion to spectrum[k] (falling). contrast: standard deviation of a pixel
    over the prior, so that images of [-1, 1] are hardly ever clamped. b is zero.
    """
    stretch = np.asarray(spectrum, np.float64)
    chance = np.random.Generator(np.random.Philox(seed))
    axes = np.linalg.qr(chance.standard_normal((len(stretch), len(stretch))))[0].T
    patterns = np.linalg.qr(chance.standard_normal((pixels, len(stretch))))[0]
    stretch = stretch * contrast * np.sqrt(pixels / np.square(stretch).sum())
    matrix = (patterns * stretch) @ axes
    arrays = {"A": matrix.astype(np.float32), "b": np.zeros(pixels, np.float32)}
    return arrays, axes.astype(np.float32)
