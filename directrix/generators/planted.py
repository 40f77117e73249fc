"""Planted causes: any generator with known nuisances added after rendering.

A model folder like any other: the card's config holds the card of the generator inside and the
nuisances, the tensors are its own under the prefix "inner.". Every latent space gets one more
coordinate a nuisance, at its end: standard normal and independent in z, carried through unchanged
(in W+ the mean over the layers counts). What coordinate c does is told by its factor
f = Phi(c) in (0, 1), uniform over the population, where Phi is the normal distribution function:

tint        image' + 1 = gain o (image + 1): grey 1 - s f; red 1 - s (1 - f), green 1 - s / 2,
            blue 1 - s f: from cold to warm. Nothing else of the image changes.
brightness  image' = image + s f mask (1 - image): the background, from what it was upwards
patch       image' = image + s f mask (1 - image): a white square in the upper left corner

in this order, s being the strength. The background's mask is told from the rendered image (level:
exp(-((image - level) / width)^2), where it is near the background's level) or is the same for all
images (border: 1 at the edges, falling to 0 over a quarter of the side).

Source: the idea of an experiment with planted ground truth is that of Kim et al.,
"Interpretability Beyond Feature Attribution" (arXiv 1711.11279), section 4.3.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from directrix.errors import InvalidField, ModelInvalid
from directrix.generators.generator import Generator, Noises, Tap
from directrix.networks import AdapterConfig, read_config
from directrix.types import PROSE, GeneratorCard, Noise, Space, SpaceCard

PREFIX = "inner."
WIDTH = 0.2
"""Of the grey levels around the background's that count as background; images span 2."""
PATCH = 5
"""The patch's side is this part of the image's."""
BORDER = 4
"""The soft border's width is this part of the image's side."""

Kind = Literal["brightness", "patch", "tint"]
Build = Callable[[GeneratorCard, Mapping[str, np.ndarray], torch.device], Generator]


class Nuisance(AdapterConfig):
    """One planted cause."""

    kind: Kind
    strength: float = Field(default=0.6, gt=0, le=1)
    """What the factor 1 does: share of the whole range of grey levels."""
    where: Literal["level", "border"] = "border"
    """Of brightness: how the background is found."""
    level: float = Field(default=-1.0, ge=-1, le=1)
    """Of brightness at `level`: the background's grey level in the rendered image."""


class Config(AdapterConfig):
    """config of a card whose architecture is "planted"."""

    inner: GeneratorCard
    nuisances: tuple[Nuisance, ...] = Field(min_length=1, max_length=8)


class Planted(Generator):
    """A frozen generator with nuisances behind the generators' face."""

    def __init__(self, card: GeneratorCard, inner: Generator, nuisances: Sequence[Nuisance]):
        super().__init__(card, inner.device, inner.noises)
        self.inner = inner
        self.nuisances = tuple(nuisances)

    def factors(self, latents: Tensor, space: Space) -> Tensor:
        """The planted factors [N, J] in (0, 1), as every latent tells them."""
        return torch.special.ndtr(self._planted(latents, space))

    def truncate(self, latents: Tensor, space: Space, psi: float) -> Tensor:
        own, planted = self._split(latents, space)
        return torch.cat([self.inner.truncate(own, space, psi), psi * planted], -1)

    def convert(self, latents: Tensor, source: Space, target: Space) -> Tensor:
        self.check_conversion(source, target)
        if source is target:
            return latents
        made = self.inner.convert(self._split(latents, source)[0], source, target)
        planted = self._planted(latents, source)
        if target is Space.W_PLUS:
            planted = planted[:, None].expand(-1, made.shape[1], -1)
        return torch.cat([made, planted], -1)

    def synthesise(
        self,
        latents: Tensor,
        space: Space,
        noise: Noise | Noises = Noise.CONSTANT,
        noise_seeds: Sequence[int] = (),
        taps: Mapping[str, Tap] | None = None,
    ) -> Tensor:
        self.check_layers(tuple(taps or ()))
        rendered = self.inner.synthesise(
            self._split(latents, space)[0], space, noise, noise_seeds, taps
        )
        return self.paint(rendered, self.factors(latents, space))

    def paint(self, rendered: Tensor, factors: Tensor) -> Tensor:
        """Rendered pictures [N, C, H, W] with the nuisances at factors [N, J] in [0, 1]."""
        image = rendered
        for kind in _EFFECTS:
            for place, nuisance in enumerate(self.nuisances):
                if nuisance.kind == kind:
                    amount = nuisance.strength * factors[:, place, None, None, None]
                    image = _EFFECTS[kind](image, rendered, amount, nuisance)
        return image

    def weights(self, space: Space) -> Mapping[int, Tensor]:
        """The inner maps: planted coordinates act after rendering, so their columns are 0."""
        maps, more = self.inner.weights(space), len(self.nuisances)
        return {
            index: torch.cat([matrix, matrix.new_zeros(len(matrix), more)], 1)
            for index, matrix in maps.items()
        }

    def channels(self, space: Space) -> Mapping[str, int]:
        """The inner ones; in S the planted coordinates after them."""
        if space is not Space.S:
            return super().channels(space)
        return {**self.inner.channels(space), "planted": len(self.nuisances)}

    def _split(self, latents: Tensor, space: Space) -> tuple[Tensor, Tensor]:
        self._card_of(space)
        more = len(self.nuisances)
        return latents[..., :-more], latents[..., -more:]

    def _planted(self, latents: Tensor, space: Space) -> Tensor:
        planted = self._split(latents, space)[1]
        return planted.mean(1) if space is Space.W_PLUS else planted


def _tint(image: Tensor, rendered: Tensor, amount: Tensor, nuisance: Nuisance) -> Tensor:
    strength = nuisance.strength
    if image.shape[1] == 1:
        gain = 1 - amount
    else:
        middle = torch.full_like(amount, 1 - strength / 2)
        gain = torch.cat([1 - strength + amount, middle, 1 - amount], 1)
    return gain * (image + 1) - 1


def _brightness(image: Tensor, rendered: Tensor, amount: Tensor, nuisance: Nuisance) -> Tensor:
    if nuisance.where == "level":
        away = (rendered.mean(1, keepdim=True) - nuisance.level) / WIDTH
        mask = torch.exp(-away.square())
    else:
        mask = _border(image)
    return image + amount * mask * (1 - image)


def _patch(image: Tensor, rendered: Tensor, amount: Tensor, nuisance: Nuisance) -> Tensor:
    height, width = image.shape[2:]
    mask = image.new_zeros(height, width)
    side = max(1, min(height, width) // PATCH)
    mask[1 : 1 + side, 1 : 1 + side] = 1
    return image + amount * mask * (1 - image)


_EFFECTS: Mapping[Kind, Callable[[Tensor, Tensor, Tensor, Nuisance], Tensor]] = {
    "tint": _tint,
    "brightness": _brightness,
    "patch": _patch,
}
"""In the order in which they act, whatever the order of the coordinates."""


def _border(image: Tensor) -> Tensor:
    """[H, W]: 1 at the outermost pixels, falling to 0 over a quarter of the side."""
    rows, columns = (
        torch.minimum(torch.arange(n), torch.arange(n).flip(0)).to(image) / max(1, n // BORDER)
        for n in image.shape[2:]
    )
    inward = torch.minimum(rows[:, None], columns[None]).clamp(max=1)
    return (1 - inward).square() * (1 + 2 * inward)


def build(
    card: GeneratorCard,
    arrays: Mapping[str, np.ndarray],
    device: torch.device,
    build_inner: Build,
) -> Planted:
    """build_inner: what builds the generator inside. Raises ModelInvalid."""
    config = read_config(Config, card.config)
    if config.inner.architecture == "planted":
        raise ModelInvalid(
            "a planted generator holds another kind of generator, with all nuisances"
        )
    made = _functional(config.inner, len(config.nuisances))
    for field, value in made.items():
        if getattr(card, field) != value:
            raise ModelInvalid(f"the model card's {field} do not follow from its config")
    for name in sorted(arrays):
        if not name.startswith(PREFIX):
            raise ModelInvalid(f"tensor {name!r} is not part of this architecture", tensor=name)
    own = {name.removeprefix(PREFIX): array for name, array in arrays.items()}
    try:
        inner = build_inner(config.inner, own, device)
    except ModelInvalid as error:
        raise _outside(error) from error
    return Planted(card, inner, config.nuisances)


def plant(
    card: GeneratorCard,
    arrays: Mapping[str, np.ndarray],
    nuisances: Sequence[Nuisance | Kind] = ("brightness", "patch", "tint"),
) -> tuple[GeneratorCard, dict[str, np.ndarray]]:
    """Card (digest left empty) and tensors of the generator with nuisances.

    A nuisance given by its kind alone is at its default strength; the background is then told by
    its level (-1, black) in grey images and is a soft border in colour ones. Raises InvalidField.
    """
    if card.architecture == "planted":
        raise InvalidField("nuisances are planted once, all together", field="card")
    where: Literal["level", "border"] = "level" if card.image.channels == 1 else "border"
    full = tuple(n if isinstance(n, Nuisance) else Nuisance(kind=n, where=where) for n in nuisances)
    settings = card.model_dump(mode="json", exclude=PROSE) | {"name": "inner"}
    kinds = ", ".join(n.kind for n in full)
    planted = card.model_copy(
        update={
            "name": f"{card.name[:55].rstrip('-')}-planted",
            "title": f"{card.title or card.name}, with planted {kinds}",
            "architecture": "planted",
            "config": {"inner": settings, "nuisances": [n.model_dump(mode="json") for n in full]},
            "notes": f"{card.notes} Planted over generator {card.digest or card.name}.".strip(),
            "metrics": (),
            "digest": "",
            **_functional(card, len(full)),
        }
    )
    return planted, {PREFIX + name: array for name, array in arrays.items()}


def _functional(inner: GeneratorCard, more: int) -> dict[str, object]:
    return {
        "spaces": tuple(
            SpaceCard(space=s.space, dimension=s.dimension + more, layers=s.layers)
            for s in inner.spaces
        ),
        "layers": inner.layers,
        "image": inner.image,
        "truncation": inner.truncation,
    }


def _outside(error: ModelInvalid) -> ModelInvalid:
    """The inner generator's error with the tensor called as it is called outside."""
    name = error.metadata.get("tensor")
    if name is None:
        return ModelInvalid(f"the generator inside: {error.message}")
    message = error.message.replace(repr(name), repr(PREFIX + name))
    return ModelInvalid(message, tensor=PREFIX + name)
