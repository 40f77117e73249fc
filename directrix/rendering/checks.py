"""What a recipe has to fulfil for one generator: the checks behind every plan."""

from collections.abc import Sequence

import numpy as np

from directrix.errors import InvalidField, LayerInvalid
from directrix.generators import Generator
from directrix.types import (
    Direction,
    Field,
    Finding,
    Intervention,
    Latent,
    Move,
    Space,
    Subspace,
    Units,
    Walk,
)
from directrix.walks import LIMIT, Motion, Movable, orthonormal, without

MAX_COEFFICIENT = 1e3


class Checks:
    """Each raises a typed error that names what is wrong and what would be right."""

    def __init__(self, generator: Generator):
        self._generator = generator

    def latent(self, latent: Latent) -> None:
        """Latents of this generator: FindingMismatch, SpaceUnavailable, InvalidField."""
        latent.of(self._generator.card.digest)
        wanted = self._shape(latent.space)
        if latent.values.shape[1:] != wanted:
            raise InvalidField(
                f"a latent in {latent.space} of generator {self._generator.card.name} has shape "
                f"{list(wanted)}, not {list(latent.values.shape[1:])}",
                field="latent.values",
            )
        if np.abs(latent.values).max(initial=0) > LIMIT:
            raise InvalidField(
                f"a latent's values lie in [-{LIMIT:g}, {LIMIT:g}]", field="latent.values"
            )

    def mask(self, move: Move) -> None:
        image = self._generator.card.image
        if move.mask is not None and move.mask.shape != (image.height, image.width):
            raise InvalidField(
                f"a mask has the image's size {image.height} x {image.width}, "
                f"not {' x '.join(map(str, move.mask.shape))}",
                field="recipe.moves.mask",
            )

    def within(self, finding: Finding) -> Units:
        """What a move is kept within: units of this generator."""
        if not isinstance(finding, Units):
            raise InvalidField(
                f"a move is kept within units, not within a {finding.kind}",
                field="recipe.moves.within",
            )
        self._channels(finding)
        return finding

    def apart(self, masks: bool, channels: bool) -> None:
        if masks and channels:
            raise InvalidField(
                "a recipe keeps its moves inside masks or within channels, not both",
                field="recipe.moves.within",
            )

    def units(self, finding: Units, move: Move) -> None:
        self._channels(finding)
        if move.within is not None:
            raise InvalidField(
                "units have channels of their own: they are not kept within others",
                field="recipe.moves.within",
            )
        if move.walk is not Walk.LINEAR or move.layers or move.coefficients:
            raise InvalidField(
                "units act on features: they take strength and mask, no other walk, no layers "
                "and no coefficients",
                field="recipe.moves.walk",
            )
        _reach(float(np.abs(finding.targets).max()))

    def _channels(self, finding: Units) -> None:
        self._generator.check_layers([finding.layer])
        layer = next(c for c in self._generator.card.layers if c.name == finding.layer)
        if finding.channels.max() >= layer.channels:
            raise InvalidField(
                f"layer {layer.name} has channels 0 to {layer.channels - 1}, "
                f"not {finding.channels.max()}",
                field="recipe.moves.finding",
            )

    def dimensions(self, finding: Movable) -> None:
        """The finding fits its space, and its unit is of this world."""
        width = self._generator.dimension(finding.space)
        wanted: tuple[int, ...] = (width,)
        match finding:
            case Direction():
                wanted, has = self._shape(finding.space), finding.vector.shape
                _reach(finding.scale)
            case Subspace():
                has = finding.basis.shape[1:]
                _reach(float(finding.scales.max()))
            case Field():
                has = next(v.shape[1:] for v in finding.parameters.values() if v.ndim == 2)
                _reach(finding.scale)
            case Intervention():
                wanted, has = (), ()
                self._coordinates(finding, width)
        if has != wanted:
            raise InvalidField(
                f"a finding of dimensions {list(has)} does not fit {finding.space} of generator "
                f"{self._generator.card.name}, which has {list(wanted)}",
                field="recipe.moves.finding",
            )

    def layers(self, finding: Movable, move: Move) -> tuple[int, ...]:
        """The rows of W+ that a move acts on, sorted; empty means all. Raises LayerInvalid."""
        layers = move.layers or getattr(finding, "layers", ())
        if not layers:
            return ()
        layered = Space.W_PLUS in self._generator.spaces
        if not layered or finding.space not in (Space.W, Space.W_PLUS):
            raise LayerInvalid(
                "layers can be chosen for findings in w and w+ of a generator that has w+, "
                f"not for one in {finding.space} of {self._generator.card.name}"
            )
        count = self._generator.num_layers(Space.W_PLUS)
        if any(not 0 <= layer < count for layer in layers) or len(set(layers)) < len(layers):
            raise LayerInvalid(
                f"layers are different numbers from 0 to {count - 1}, not {list(layers)}"
            )
        return tuple(sorted(layers))

    def coefficients(self, finding: Movable, move: Move) -> tuple[float, ...]:
        """Those of the move; without any a subspace is moved along its first row."""
        wanted = len(finding.basis) if isinstance(finding, Subspace) else 0
        if wanted and not move.coefficients:
            return (1.0, *[0.0] * (wanted - 1))
        if len(move.coefficients) != wanted:
            raise InvalidField(
                f"this {finding.kind} takes {wanted} coefficients, not {len(move.coefficients)}",
                field="recipe.moves.coefficients",
            )
        if not all(abs(c) <= MAX_COEFFICIENT for c in move.coefficients):
            raise InvalidField(
                f"coefficients are numbers in [-{MAX_COEFFICIENT:g}, {MAX_COEFFICIENT:g}]",
                field="recipe.moves.coefficients",
            )
        return tuple(move.coefficients)

    def conditions(
        self,
        finding: Movable,
        move: Move,
        conditions: Sequence[Finding],
        layers: tuple[int, ...],
    ) -> np.ndarray | None:
        """Orthonormal rows that a conditional walk leaves out; None for other walks."""
        if move.walk is not Walk.CONDITIONAL:
            return None
        if not conditions:
            raise InvalidField(
                "a conditional walk needs conditions in its recipe", field="recipe.conditions"
            )
        rows = [self._condition(c, finding.space, layers) for c in conditions]
        return orthonormal(np.concatenate(rows))

    def separable(self, motion: Motion) -> None:
        """Along a fixed direction, enough is left without the conditions."""
        if motion.conditions is None or isinstance(motion.finding, Field | Intervention):
            return
        anywhere = np.zeros(self._generator.dimension(motion.finding.space))
        if without(motion.displacement(anywhere), motion.conditions) is None:
            raise InvalidField(
                "the finding is not separable from the recipe's conditions: less than 5 % of it "
                "is left without them",
                field="recipe.conditions",
            )

    def _shape(self, space: Space) -> tuple[int, ...]:
        width = self._generator.dimension(space)
        return (self._generator.num_layers(space), width) if space is Space.W_PLUS else (width,)

    def _coordinates(self, finding: Intervention, width: int) -> None:
        if finding.coordinates.max() >= width:
            raise InvalidField(
                f"{finding.space} of generator {self._generator.card.name} has coordinates 0 to "
                f"{width - 1}, not {finding.coordinates.max()}",
                field="recipe.moves.finding",
            )

    def _condition(self, condition: Finding, space: Space, layers: tuple[int, ...]) -> np.ndarray:
        """[k, d]: what a conditional walk in `space` has to leave alone."""
        if isinstance(condition, Units | Field) or condition.space is not space:
            raise InvalidField(
                f"conditions of a walk in {space} are directions, subspaces or interventions in "
                f"{space}, not a {condition.kind}"
                + ("" if isinstance(condition, Units) else f" in {condition.space}"),
                field="recipe.conditions",
            )
        self.dimensions(condition)
        match condition:
            case Direction(vector=vector):
                chosen = vector[list(layers)] if vector.ndim == 2 and layers else vector
                return chosen.reshape(1, -1)
            case Subspace(basis=basis):
                return basis
            case Intervention(coordinates=coordinates):
                return np.eye(self._generator.dimension(space))[coordinates]


def _reach(unit: float) -> None:
    if unit > LIMIT:
        raise InvalidField(f"the finding's unit is longer than {LIMIT:g}", field="recipe.moves")
