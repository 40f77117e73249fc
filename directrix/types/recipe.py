"""A recipe: the whole of an edit as one immutable value. Same recipe, same bytes."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from directrix.errors import InvalidField
from directrix.types.freeze import frozen
from directrix.types.latent import Latent, Space

MAX_ALPHA = 100.0


class Walk(StrEnum):
    """How a latent moves along a finding."""

    LINEAR = "linear"
    """u + alpha scale v"""
    NORM_PRESERVING = "norm_preserving"
    """linear, then back to the length that u had"""
    GREAT_CIRCLE = "great_circle"
    """rotation of u towards v by the angle alpha scale / |u|"""
    CONDITIONAL = "conditional"
    """linear, along what is left of v without the recipe's conditions"""


class Noise(StrEnum):
    """The noise inputs of a style-based generator; others have none and ignore it."""

    CONSTANT = "constant"
    NONE = "none"
    SEEDED = "seeded"


@dataclass(frozen=True)
class SeedSource:
    """Sample `index` of the population with this seed: z_index = Philox(seed, index)."""

    seed: int
    index: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.seed < 2**63 and 0 <= self.index < 2**63):
            raise InvalidField("seed and index lie in [0, 2^63)", field="recipe.source.seed")


@dataclass(frozen=True, eq=False)
class LatentSource:
    """One given latent; `latent` holds exactly one row."""

    latent: Latent

    def __post_init__(self) -> None:
        if len(self.latent) != 1:
            raise InvalidField("a recipe starts from one latent", field="recipe.source.latent")


@dataclass(frozen=True)
class ImageSource:
    """A real image to invert first: digest of its uint8 pixels, space to search in.

    The result of the inversion is a latent; a recipe with an image names the inversion's settings
    so that the same image gives the same latent.

    steps: 0 takes the encoder's answer as it is. encoder and embedder: digests, or empty. noise:
    whether noise inputs are optimised too; what renders the latent later are the recipe's own.
    """

    image: str
    space: Space = Space.W_PLUS
    steps: int = 200
    encoder: str = ""
    embedder: str = ""
    noise: bool = False

    def __post_init__(self) -> None:
        if self.steps == 0 and not self.encoder:
            raise InvalidField("an inversion without steps needs an encoder", field="steps")


Source = SeedSource | LatentSource | ImageSource


@dataclass(frozen=True)
class FindingRef:
    """One finding of a finding set: the set's digest and the position in it."""

    finding_set: str
    index: int


@dataclass(frozen=True, eq=False)
class Move:
    """One step of an edit: along which finding, how far, where and in which way.

    alpha: strength in the finding's unit, always relative to where the latent is.
    coefficients: [k], only for subspaces: the direction inside it, scaled by alpha; empty means
      the first row.
    layers: overrides the finding's layers (W and W+ findings); empty keeps them.
    mask: float32 [H, W] in [0, 1] of the output image, or None. Units act inside it; other
      findings blend edited and unedited features of the generator's layers inside it.
    within: units, or None. Only their channels of their layer take the features of the moved
      latent; what comes after the layer sees the latent as it was. Not together with a mask.
    """

    finding: FindingRef
    alpha: float
    coefficients: tuple[float, ...] = ()
    layers: tuple[int, ...] = ()
    mask: np.ndarray | None = None
    walk: Walk = Walk.LINEAR
    within: FindingRef | None = None

    def __post_init__(self) -> None:
        if self.mask is not None and self.within is not None:
            raise InvalidField(
                "a move is kept inside a mask or within channels, not both",
                field="recipe.moves.within",
            )
        if not abs(self.alpha) <= MAX_ALPHA:
            raise InvalidField(
                f"alpha is a number in [-{MAX_ALPHA:g}, {MAX_ALPHA:g}], not {self.alpha}",
                field="recipe.moves.alpha",
            )
        if self.mask is not None:
            mask = frozen(self.mask, np.float32)
            if mask.ndim != 2 or not ((mask >= 0) & (mask <= 1)).all():
                raise InvalidField(
                    "a mask is an array [H, W] of values in [0, 1]", field="recipe.moves.mask"
                )
            object.__setattr__(self, "mask", mask)


@dataclass(frozen=True, eq=False)
class Recipe:
    """Source, truncation, noise, moves in order, conditions held by conditional walks.

    truncation: psi in [0, 2], applied to seeds before any move; 1 is the prior itself.
    conditions: findings whose directions a conditional walk leaves out.
    """

    generator: str
    source: Source
    truncation: float = 1.0
    noise: Noise = Noise.CONSTANT
    noise_seed: int = 0
    moves: tuple[Move, ...] = ()
    conditions: tuple[FindingRef, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.truncation <= 2:
            raise InvalidField(
                f"truncation lies in [0, 2], not {self.truncation}", field="recipe.truncation"
            )

    def finding_sets(self) -> frozenset[str]:
        """Digests of all finding sets that this recipe needs."""
        refs = [m.finding for m in self.moves] + list(self.conditions)
        refs += [m.within for m in self.moves if m.within is not None]
        return frozenset(ref.finding_set for ref in refs)
