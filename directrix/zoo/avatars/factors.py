"""The factors of an avatar: what they are, and how they are drawn, with a dial of correlation."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from directrix.errors import InvalidField
from directrix.streams import Domain, Streams


@dataclass(frozen=True)
class Factor:
    """One cause of an avatar's looks.

    A continuous factor is uniform in [-1, 1]; a binary one is -1 or 1, each half of the time.
    """

    name: str
    kind: Literal["continuous", "binary"]
    meaning: str
    """What -1 looks like, an arrow, and what 1 looks like."""


FACTORS = (
    Factor("head_width", "continuous", "narrow head → wide head"),
    Factor("skin_colour", "continuous", "light skin → dark skin"),
    Factor("hair_length", "continuous", "hair above the ears → hair below the shoulders"),
    Factor("hair_colour", "continuous", "black → brown → blond"),
    Factor("eye_openness", "continuous", "nearly closed → wide open"),
    Factor("eye_colour", "continuous", "brown → green → blue iris"),
    Factor("smile", "continuous", "corners of the mouth down → up"),
    Factor("mouth_openness", "continuous", "closed → open, teeth showing"),
    Factor("lip_colour", "continuous", "pale pink → deep red"),
    Factor("glasses", "binary", "no glasses → round dark frames"),
    Factor("age_lines", "binary", "smooth skin → lines on forehead and cheeks"),
    Factor("yaw", "continuous", "turned to the picture's left → to its right"),
    Factor("background", "continuous", "blue → green → orange"),
    Factor("light", "continuous", "lit from the picture's left → from its right"),
)
NAMES = tuple(factor.name for factor in FACTORS)
BINARY = tuple(factor.name for factor in FACTORS if factor.kind == "binary")
DIALLED = (("age_lines", "glasses"), ("hair_colour", "lip_colour"))
"""Pairs whose correlation the dial sets; all other factors are independent."""

MAX_DIAL = 0.95


def sample(seed: int, start: int, count: int, dial: float = 0.0) -> np.ndarray:
    """Factor values of avatars start .. start + count: float32 [count, F] in [-1, 1].

    Avatar i of seed s is drawn from a stream of its own, whoever asks. `dial` is the phi
    coefficient of each dialled pair, split at 0: two normal numbers correlated by sin(pi dial / 2)
    agree in sign so often that their signs' phi is the dial (Source: Sheppard's formula for the
    orthant). Raises InvalidField.
    """
    if not 0.0 <= dial <= MAX_DIAL:
        raise InvalidField(f"the dial lies in [0, {MAX_DIAL}], not at {dial}", field="dial")
    normal = np.empty((count, len(FACTORS)), np.float32)
    streams = Streams(seed, Domain.SCENES)
    for row in range(count):
        streams.fill(start + row, normal[row])
    together = math.sin(math.pi * dial / 2)
    apart = math.sqrt(1 - together**2)
    for first, second in DIALLED:
        a, b = NAMES.index(first), NAMES.index(second)
        normal[:, b] = together * normal[:, a] + apart * normal[:, b]
    values = torch.erf(torch.from_numpy(normal) * 0.5**0.5).numpy()
    for name in BINARY:
        column = NAMES.index(name)
        values[:, column] = np.where(normal[:, column] > 0, 1.0, -1.0)
    return values


def phi(first: np.ndarray, second: np.ndarray) -> float:
    """The phi coefficient of two rows of numbers split at 0; 0 where one never changes sign."""
    a, b = (np.asarray(x) > 0 for x in (first, second))
    spread = float(a.std() * b.std())
    return float(((a * 1.0 - a.mean()) * (b * 1.0 - b.mean())).mean()) / spread if spread else 0.0
