"""Finding the latent of an image: optimisation of the latent by Adam on the pixels' error.

Source: Abdal et al., "Image2StyleGAN" (arXiv 1904.03189), optimisation in W+; the start is the
best of seeded samples, and a small pull towards the population's mean, in units of its standard
deviation, keeps the latent where the generator was trained.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.batches import in_fixed_batches
from directrix.errors import InvalidField
from directrix.generators import Generator
from directrix.streams import Domain, Streams
from directrix.types import Space

MAX_STEPS = 2000


@dataclass(frozen=True)
class Search:
    """How to search. rate: Adam's first step, in standard deviations of the population.

    pull: weight of the mean squared distance from the population's mean, in squared standard
    deviations, against the mean squared error of the pixels in [-1, 1].
    """

    space: Space = Space.W_PLUS
    steps: int = 200
    candidates: int = 64
    rate: float = 0.2
    pull: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_STEPS:
            raise InvalidField(f"steps lie in [1, {MAX_STEPS}], not {self.steps}", field="steps")


@dataclass(frozen=True, eq=False)
class Inversion:
    """latents: [N, d], or [N, layers, d] in W+. errors: [N], mean squared error in [-1, 1]."""

    latents: Tensor
    errors: Tensor


def go_on() -> None:
    """Never stops a search."""


def invert(
    generator: Generator, images: Tensor, search: Search, stop: Callable[[], None] = go_on
) -> Inversion:
    """Latents whose images are nearest to images [N, C, H, W] in [-1, 1].

    The same images, settings and seed give the same latents. stop is called before every step
    and may raise Cancelled, which is let through. Raises InvalidField,
    SpaceUnavailable.
    """
    card = generator.card.image
    if images.shape[1:] != (card.channels, card.height, card.width):
        raise InvalidField(
            f"generator {generator.card.name} makes images of {card.channels} x {card.height} x "
            f"{card.width}, not {list(images.shape[1:])}",
            field="image",
        )
    candidates = _candidates(generator, search)
    mean, spread = candidates.mean(0), candidates.std(0).clamp_min(1e-4)
    start = _nearest(generator, images, candidates, search.space)
    offset = ((start - mean) / spread).requires_grad_(True)
    adam = torch.optim.Adam([offset], lr=search.rate)
    for step in range(search.steps):
        stop()
        for group in adam.param_groups:
            group["lr"] = search.rate * _schedule(step / search.steps)
        made = generator.synthesise(mean + spread * offset, search.space)
        loss = _errors(made, images).sum()
        loss = loss + search.pull * offset.square().flatten(1).mean(1).sum()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
    with torch.no_grad():
        latents = mean + spread * offset
        made = in_fixed_batches(lambda u: generator.synthesise(u, search.space), latents)
        return Inversion(latents, _errors(made.clamp(-1, 1), images))


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


def _errors(made: Tensor, images: Tensor) -> Tensor:
    """[N]: mean squared error; nothing where black or white pixels are more than that."""
    made = torch.where(images <= -1, made.clamp_min(-1), made)
    made = torch.where(images >= 1, made.clamp_max(1), made)
    return (made - images).square().flatten(1).mean(1)


def _schedule(progress: float) -> float:
    """Up over the first twentieth, then down along a cosine."""
    return min(1.0, (progress + 0.005) / 0.05) * 0.5 * (1 + math.cos(math.pi * progress))
