"""Question: what is asked of a classifier's answer, and who is told how near an answer is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from directrix.counterfactuals.judge import Hold
from directrix.errors import InvalidField
from directrix.types import Recipe
from directrix.types.recipe import MAX_ALPHA


@dataclass(frozen=True, eq=False)
class Question:
    """What is the least, along these findings, that would have changed the classifier's mind?

    recipe: the image to explain; a picture is inverted first, into a latent source.
    finding_set: the digest of the set that may be moved, empty for explainers that move latents.
    classifier: its position among the
    renderer's predictors. target: the class to reach, empty for any other. target_probability:
    to be reached as well; 0 means just past the flip. max_alpha: the farthest that one finding
    may be moved, in its unit. allowed: positions in the set, or channels, empty for all. frozen:
    those that may not be moved, whatever is allowed. budget: images that may be generated. hold:
    scores that must not change. mask: float32 [H, W] in [0, 1], the region inside which findings
    act; None for all of the picture. Raises InvalidField.
    """

    recipe: Recipe
    finding_set: str
    classifier: int = 0
    target: str = ""
    target_probability: float = 0.0
    max_alpha: float = 6.0
    allowed: tuple[int, ...] = ()
    budget: int = 2000
    hold: tuple[Hold, ...] = ()
    mask: np.ndarray | None = None
    frozen: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.target_probability < 1:
            raise InvalidField("target_probability lies in [0, 1)", field="target_probability")
        if not 0 < self.max_alpha <= MAX_ALPHA:
            raise InvalidField(f"max_alpha lies in (0, {MAX_ALPHA:g}]", field="max_alpha")
        if not 1 <= self.budget <= 100_000:
            raise InvalidField("budget lies in [1, 100000]", field="budget")
        if len(set(self.allowed)) < len(self.allowed):
            raise InvalidField("allowed names each finding once", field="allowed")

    def movable(self, choices: Sequence[int]) -> tuple[int, ...]:
        """What may be moved of all that there is. Raises InvalidField where it names others."""
        there = set(choices)
        for field in ("allowed", "frozen"):
            for index in getattr(self, field):
                if index not in there:
                    known = (
                        f"{choices[0]} to {choices[-1]}" if choices else "nothing to choose from"
                    )
                    raise InvalidField(f"{field} names {index}, and there is {known}", field=field)
        frozen = set(self.frozen)
        found = tuple(index for index in self.allowed or choices if index not in frozen)
        if choices and not found:
            raise InvalidField("everything that is allowed is frozen", field="frozen")
        return found


def go_on() -> None:
    """Never stops a search."""


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a search is.

    images: generated so far. image: uint8 [H, W, C], the nearest to an answer so far, or an answer;
    margin, probability: of the target, in it. holds: whether it is one.
    """

    images: int
    image: np.ndarray
    margin: float
    probability: float
    holds: bool


Watch = Callable[[Progress], None]


def look_away(progress: Progress) -> None:
    """Watches nothing."""
