"""Generators: one adapter a file, found by the `architecture` of the model card."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch

from directrix.errors import ModelInvalid
from directrix.generators import dcgan, linear, planted, style
from directrix.generators.generator import ORDER, Generator, Noises, Tap
from directrix.types import GeneratorCard, ModelCard

__all__ = ["ORDER", "Generator", "Noises", "Tap", "architectures", "build"]


def architectures() -> tuple[str, ...]:
    """The architectures that cards may name."""
    return tuple(_ADAPTERS)


def build(card: ModelCard, arrays: Mapping[str, np.ndarray], device: torch.device) -> Generator:
    """The frozen generator of a card and its tensors, on `device`.

    Raises ModelInvalid where the architecture is unknown or the tensors are not the card's.
    """
    if not isinstance(card, GeneratorCard):
        raise ModelInvalid(f"model {card.name} is a {card.kind}, not a generator")
    if card.architecture not in _ADAPTERS:
        raise ModelInvalid(
            f"no generator has the architecture {card.architecture!r}: there are "
            f"{', '.join(_ADAPTERS)}"
        )
    return _ADAPTERS[card.architecture](card, arrays, device)


_Adapter = Callable[[GeneratorCard, Mapping[str, np.ndarray], torch.device], Generator]

_ADAPTERS: dict[str, _Adapter] = {
    "dcgan": dcgan.build,
    "linear": linear.build,
    "planted": partial(planted.build, build_inner=build),
    "style": style.build,
}
