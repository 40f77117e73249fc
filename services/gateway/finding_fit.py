"""Whether findings made elsewhere fit the generator that they name."""

from directrix.errors import FindingMismatch, LayerInvalid, SpaceUnavailable
from directrix.types import (
    Direction,
    Field,
    Finding,
    GeneratorCard,
    Intervention,
    Space,
    SpaceCard,
    Subspace,
    Units,
)


def check_fits(finding: Finding, card: GeneratorCard, path: str) -> None:
    """Raises SpaceUnavailable, LayerInvalid, or FindingMismatch for a wrong length."""
    if isinstance(finding, Units):
        _check_units(finding, card, path)
        return
    space = _space(finding.space, card, path)
    match finding:
        case Direction():
            shape = finding.vector.shape
            wanted: tuple[int, ...] = (space.dimension,)
            if finding.space is Space.W_PLUS:
                wanted = (space.layers, space.dimension)
            _want(shape == wanted, f"{path}.vector has shape {list(shape)}, not {list(wanted)}")
        case Subspace():
            _check_width(finding.basis.shape[1], space, f"{path}.basis")
        case Field():
            matrix = next(array for array in finding.parameters.values() if array.ndim == 2)
            _check_width(matrix.shape[1], space, f"{path}.parameters")
        case Intervention():
            largest = int(finding.coordinates.max())
            _want(
                largest < space.dimension,
                f"{path}.coordinates: {largest} is not below {space.dimension}",
            )
    if not isinstance(finding, Intervention):
        _check_layers(finding.layers, card, path)


def _space(space: Space, card: GeneratorCard, path: str) -> SpaceCard:
    for known in card.spaces:
        if known.space is space:
            return known
    has = ", ".join(s.space for s in card.spaces)
    raise SpaceUnavailable(
        f"{path}: generator {card.name} has no space {space}: it has {has}", space=space
    )


def _check_width(width: int, space: SpaceCard, path: str) -> None:
    _want(
        width == space.dimension,
        f"{path} is of {width} dimensions; {space.space} has {space.dimension}",
    )


def _check_layers(layers: tuple[int, ...], card: GeneratorCard, path: str) -> None:
    count = max((s.layers for s in card.spaces if s.space is Space.W_PLUS), default=0)
    wrong = [layer for layer in layers if layer >= count]
    if wrong:
        raise LayerInvalid(
            f"{path}.layers: generator {card.name} has {count} layers to choose from, "
            f"not {wrong[0]}",
            layer=str(wrong[0]),
        )


def _check_units(finding: Units, card: GeneratorCard, path: str) -> None:
    for layer in card.layers:
        if layer.name == finding.layer:
            largest = int(finding.channels.max())
            _want(
                largest < layer.channels,
                f"{path}.channels: {largest} is not below {layer.channels}",
            )
            return
    known = ", ".join(layer.name for layer in card.layers)
    raise LayerInvalid(
        f"{path}: generator {card.name} has no such layer: it has {known}",
        layer=finding.layer,
    )


def _want(holds: bool, message: str) -> None:
    if not holds:
        raise FindingMismatch(message)
