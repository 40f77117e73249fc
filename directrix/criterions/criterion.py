"""Criterion: what is measured in a picture, as a differentiable vector.

A criterion is written `kind`, `kind:subject` or `kind:~subject`, the tilde for all else. A subject
is one or more names, joined by "+": "pixels:mouth", "landmarks:~eyes+brows", "score:smile".
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from directrix.criterions.scene import Scene
from directrix.errors import InvalidField
from directrix.jacobians import Map


@dataclass(frozen=True)
class Subject:
    """Names that a criterion is about; none of them means everything. others: all but these."""

    names: tuple[str, ...] = ()
    others: bool = False

    def among(self, known: Sequence[str], what: str) -> tuple[int, ...]:
        """Indices of the known names that are meant, ascending. Raises InvalidField."""
        for name in self.names:
            if name not in known:
                raise InvalidField(
                    f"no {what} is called {name!r}: there are {', '.join(known)}", field="criterion"
                )
        if not self.names:
            return tuple(range(len(known)))
        meant = tuple(i for i, name in enumerate(known) if (name in self.names) != self.others)
        if not meant:
            raise InvalidField(f"nothing is left but {', '.join(self.names)}", field="criterion")
        return meant


class Criterion(ABC):
    """Measures pictures near a reference picture. One file, one class, one name.

    What must not move with the picture (masks, triangles) is taken from the reference and frozen
    in what `at` returns: a criterion has no state, and no measure depends on another picture.
    """

    name: ClassVar[str]

    def __init__(self, scene: Scene, subject: Subject):
        self.scene, self.subject = scene, subject

    @abstractmethod
    def at(self, image: Tensor) -> Map:
        """Reference [C, H, W] -> a map of pictures [n, C, H, W] to measures [n, m].

        Differentiable where the networks are. Raises NeedsUnmet where none of them sees what is
        asked for, InvalidField for a subject that they do not know.
        """
