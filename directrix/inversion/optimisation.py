"""Finding the latent of an image by Adam on the image's error, in Z, W or W+.

Source: Abdal et al., "Image2StyleGAN" (arXiv 1904.03189), optimisation in W+, and Karras et al.
(arXiv 1912.04958), appendix D, for the steps' schedule and for noise inputs as variables. The start
is the best of seeded samples, or an encoder's answer (Zhu et al., "In-Domain GAN Inversion",
arXiv 2004.00049, section 3.3: hybrid inversion). A small pull towards the population's mean, in
units of its standard deviation, keeps the latent where the generator was trained.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from directrix.batches import in_fixed_batches
from directrix.errors import InvalidField, SpaceUnavailable
from directrix.generators import Generator
from directrix.inversion import noise, perceptual
from directrix.inversion.encoder import Encoder
from directrix.predictors import Embedder
from directrix.streams import Domain, Streams
from directrix.types import Noise, Space

MAX_STEPS = 2000


@dataclass(frozen=True)
class Search:
    """How to search.

    steps: 0 leaves the latent at its start. candidates: samples of the prior that tell the
    population's mean and deviation, and the start where there is no encoder. rate: Adam's first
    step, in standard deviations of the population. pull: weight of the mean squared distance from
    the population's mean, in squared standard deviations, against the mean squared error of the
    pixels in [-1, 1]. perceptual: weight of the perceptual distance, where there is an embedder.
    noise: whether noise inputs are variables too; whiteness: weight of their autocorrelation.
    """

    space: Space = Space.W_PLUS
    steps: int = 200
    candidates: int = 256
    rate: float = 0.2
    pull: float = 1e-3
    seed: int = 0
    perceptual: float = 1.0
    noise: bool = False
    whiteness: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.steps <= MAX_STEPS:
            raise InvalidField(f"steps lie in [0, {MAX_STEPS}], not {self.steps}", field="steps")


@dataclass(frozen=True, eq=False)
class Inversion:
    """What was found, and how far it is from the images.

    latents: [N, d], or [N, layers, d] in W+. errors: [N], mean squared error in [-1, 1] with the
    generator's constant noise, as recipes render. noises: the optimised noise inputs by layer,
    [N, 1, h, w]; empty where none were optimised. noise_errors: [N], the error with them, or None.
    """

    latents: Tensor
    errors: Tensor
    noises: Mapping[str, Tensor] = field(default_factory=dict)
    noise_errors: Tensor | None = None


def go_on() -> None:
    """Never stops a search."""


def invert(
    generator: Generator,
    images: Tensor,
    search: Search,
    stop: Callable[[], None] = go_on,
    encoder: Encoder | None = None,
    embedder: Embedder | None = None,
) -> Inversion:
    """Latents whose images are nearest to images [N, C, H, W] in [-1, 1].

    encoder: says where to start. embedder: its perceptual distance is minimised too. The same
    images, settings and seed give the same latents. stop is called before every step and may raise
    Cancelled, which is let through. Raises InvalidField, SpaceUnavailable, and ModelMismatch where
    the encoder is another generator's.
    """
    _check(generator, images, search, encoder)
    candidates = _candidates(generator, search)
    mean, spread = candidates.mean(0), candidates.std(0).clamp_min(1e-4)
    if encoder is None:
        start = _nearest(generator, images, candidates, search.space)
    else:
        start = in_fixed_batches(encoder, images)
    offset = ((start - mean) / spread).requires_grad_(True)
    fields = noise.drawn(generator.noises if search.noise else {}, len(images), search.seed)
    variables = [offset, *(f.requires_grad_(True) for f in fields.values())]
    look = None if embedder is None else _Look(embedder, images)
    adam = torch.optim.Adam(variables, lr=search.rate)
    for step in range(search.steps):
        stop()
        for group in adam.param_groups:
            group["lr"] = search.rate * _schedule(step / search.steps)
        made = generator.synthesise(mean + spread * offset, search.space, fields or Noise.CONSTANT)
        loss = _errors(made, images) + search.pull * offset.square().flatten(1).mean(1)
        if look is not None:
            loss = loss + search.perceptual * look(made)
        for f in fields.values():
            loss = loss + search.whiteness * noise.autocorrelation(f)
        adam.zero_grad(set_to_none=True)
        loss.sum().backward()
        adam.step()
        for f in fields.values():
            noise.normalise(f)
    return _measured(generator, images, search, (mean + spread * offset).detach(), fields)


class _Look:
    """Perceptual distances of made images [N, C, H, W] from the images: [N]."""

    def __init__(self, embedder: Embedder, images: Tensor):
        self._embedder = embedder
        with torch.no_grad():
            self._target = perceptual.normalised(embedder.maps(images))

    def __call__(self, made: Tensor) -> Tensor:
        return perceptual.distance(self._embedder.maps(made.clamp(-1, 1)), self._target)


def _check(generator: Generator, images: Tensor, search: Search, encoder: Encoder | None) -> None:
    card = generator.card.image
    if images.shape[1:] != (card.channels, card.height, card.width):
        raise InvalidField(
            f"generator {generator.card.name} makes images of {card.channels} x {card.height} x "
            f"{card.width}, not {list(images.shape[1:])}",
            field="image",
        )
    generator.check_conversion(Space.Z, search.space)
    if search.space is Space.S:
        raise SpaceUnavailable("inversion searches in Z, W or W+; W+ reaches all styles", space="s")
    if encoder is not None:
        encoder.check(generator.card, search.space)


@torch.no_grad()
def _candidates(generator: Generator, search: Search) -> Tensor:
    """Samples of the prior in the space of the search, in fixed batches."""
    z = np.empty((search.candidates, generator.dimension(Space.Z)), np.float32)
    Streams(search.seed, Domain.SEARCH).fill(0, z)
    rows = torch.from_numpy(z).to(generator.device)
    return in_fixed_batches(lambda u: generator.convert(u, Space.Z, search.space), rows)


@torch.no_grad()
def _nearest(generator: Generator, images: Tensor, candidates: Tensor, space: Space) -> Tensor:
    """The candidate whose image is nearest, for every image."""
    made = in_fixed_batches(lambda u: generator.synthesise(u, space), candidates)
    best = [int(_errors(made, image[None]).argmin()) for image in images]
    return candidates[best]


@torch.no_grad()
def _measured(
    generator: Generator,
    images: Tensor,
    search: Search,
    latents: Tensor,
    fields: Mapping[str, Tensor],
) -> Inversion:
    made = in_fixed_batches(lambda u: generator.synthesise(u, search.space), latents)
    errors = _errors(made.clamp(-1, 1), images)
    if not fields:
        return Inversion(latents, errors)
    own = {name: f.detach() for name, f in fields.items()}
    made = generator.synthesise(latents, search.space, own)
    return Inversion(latents, errors, own, _errors(made.clamp(-1, 1), images))


def _errors(made: Tensor, images: Tensor) -> Tensor:
    """[N]: mean squared error; nothing where black or white pixels are more than that."""
    made = torch.where(images <= -1, made.clamp_min(-1), made)
    made = torch.where(images >= 1, made.clamp_max(1), made)
    return (made - images).square().flatten(1).mean(1)


def _schedule(progress: float) -> float:
    """Up over the first twentieth, then down along a cosine."""
    return min(1.0, (progress + 0.005) / 0.05) * 0.5 * (1 + math.cos(math.pi * progress))
