"""Latents: arrays that always carry their space and their generator."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from directrix.errors import FindingMismatch, InvalidField
from directrix.types.freeze import frozen


class Space(StrEnum):
    """The latent spaces of a generator, from the prior to the last layer."""

    Z = "z"
    W = "w"
    W_PLUS = "w+"
    S = "s"


@dataclass(frozen=True, eq=False)
class Latent:
    """A batch of latents of one space and one generator.

    values: float32 [N, d] in Z, W and S; [N, layers, d] in W+.
    generator: the digest of the generator's model.
    """

    space: Space
    generator: str
    values: np.ndarray

    def __post_init__(self) -> None:
        values = frozen(self.values, np.float32)
        wanted = 3 if self.space is Space.W_PLUS else 2
        if values.ndim != wanted or not np.isfinite(values).all():
            raise InvalidField(
                f"a latent in {self.space} is a finite array of {wanted} dimensions, "
                f"not one of shape {values.shape}",
                field="latent.values",
            )
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    def of(self, generator: str) -> "Latent":
        """Itself, or FindingMismatch where it belongs to another generator."""
        if generator != self.generator:
            raise FindingMismatch(
                f"the latent belongs to generator {self.generator}, not {generator}"
            )
        return self
