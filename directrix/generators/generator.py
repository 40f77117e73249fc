"""Generator: a frozen network latent -> image, the same face for every architecture."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from directrix.errors import LayerInvalid, SpaceUnavailable
from directrix.jacobians import push
from directrix.types import GeneratorCard, Noise, Space, SpaceCard

Tap = Callable[[Tensor], Tensor]
"""Takes the features [N, C, h, w] of a layer and returns what goes on: to read or to edit."""

Noises = Mapping[str, Tensor]
"""Noise inputs by layer, [N or 1, 1, h, w] each, all layers that have one."""

ORDER = (Space.Z, Space.W, Space.W_PLUS, Space.S)


class Generator(ABC):
    """A frozen generator on one device.

    Latents are float32 tensors [N, d] in Z, W and S, [N, layers, d] in W+. Everything is
    differentiable and free of hooks and global state: whoever wants features passes taps.
    """

    noises: Noises
    """The noise inputs as fixed at training time, [1, 1, h, w] each; empty where it has none."""

    def __init__(self, card: GeneratorCard, device: torch.device, noises: Noises | None = None):
        self.card = card
        self.device = device
        self.noises = noises or {}
        self._dimensions = {s.space: s for s in card.spaces}

    @property
    def spaces(self) -> tuple[Space, ...]:
        """The spaces it has, from the prior on."""
        return tuple(space for space in ORDER if space in self._dimensions)

    def dimension(self, space: Space) -> int:
        """The length of one latent vector of `space`. Raises SpaceUnavailable."""
        return self._card_of(space).dimension

    def num_layers(self, space: Space) -> int:
        """How many layers `space` has: more than one in W+ only."""
        return self._card_of(space).layers

    def channels(self, space: Space) -> Mapping[str, int]:
        """What the coordinates of `space` belong to, in their order: name -> how many.

        In S the layers that they modulate; elsewhere the space itself. Raises SpaceUnavailable.
        """
        card = self._card_of(space)
        return {str(space): card.dimension * card.layers}

    def _card_of(self, space: Space) -> SpaceCard:
        if space not in self._dimensions:
            raise SpaceUnavailable(
                f"generator {self.card.name} has no space {space}: it has {', '.join(self.spaces)}",
                space=space,
            )
        return self._dimensions[space]

    @property
    def truncation_space(self) -> Space:
        """Where samples are truncated: W, or Z where there is no W.

        A mapping network normalises z, so that scaling it would change nothing.
        """
        return Space.W if Space.W in self._dimensions else Space.Z

    def draw(self, z: Tensor, psi: float) -> tuple[Tensor, Space]:
        """Samples of the prior [N, d] as the population has them at truncation psi."""
        space = self.truncation_space
        latents = z if space is Space.Z else self.convert(z, Space.Z, space)
        return (latents if psi == 1 else self.truncate(latents, space, psi)), space

    def check_conversion(self, source: Space, target: Space) -> None:
        """Raises SpaceUnavailable where there is no way from `source` to `target`."""
        self._card_of(source)
        self._card_of(target)
        if ORDER.index(source) > ORDER.index(target):
            raise SpaceUnavailable(
                f"there is no way back from {source} to {target}: only Z -> W -> W+ -> S",
                space=target,
            )

    @abstractmethod
    def truncate(self, latents: Tensor, space: Space, psi: float) -> Tensor:
        """Pulls latents towards the centre of `space`: centre + psi (u - centre)."""

    @abstractmethod
    def convert(self, latents: Tensor, source: Space, target: Space) -> Tensor:
        """Latents of `source` in a later space: Z -> W -> W+ -> S.

        Raises SpaceUnavailable for a space that it lacks or that lies before `source`.
        """

    @abstractmethod
    def synthesise(
        self,
        latents: Tensor,
        space: Space,
        noise: Noise | Noises = Noise.CONSTANT,
        noise_seeds: Sequence[int] = (),
        taps: Mapping[str, Tap] | None = None,
    ) -> Tensor:
        """Images [N, C, H, W] in about [-1, 1], not clamped.

        noise: how noise inputs are filled, or they themselves; nothing to a generator without any.
        noise_seeds: one a sample, for Noise.SEEDED. taps: by layer name of the card; they run in
        the order of the layers. Raises LayerInvalid for an unknown layer.
        """

    @abstractmethod
    def weights(self, space: Space) -> Mapping[int, Tensor]:
        """The first linear maps that act on `space`: layer index -> [C, d], y = A u + b.

        What weights-only methods work on. Raises SpaceUnavailable where there is no such map.
        """

    tangent_cost: float = 1.0
    """What `push` costs a tangent, in forward-mode passes (measured)."""

    def push(self, point: Tensor, tangents: Tensor, space: Space) -> Tensor:
        """J t of every tangent [k, *latent] at a point [*latent]: pictures [k, C, H, W]."""
        return push(lambda latents: self.synthesise(latents, space), point, tangents)

    def check_layers(self, names: Sequence[str]) -> None:
        known = [layer.name for layer in self.card.layers]
        for name in names:
            if name not in known:
                raise LayerInvalid(
                    f"generator {self.card.name} has no layer {name!r}: it has {', '.join(known)}",
                    layer=name,
                )
