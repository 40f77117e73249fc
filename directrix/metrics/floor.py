"""Random findings like given ones: the floor that a found direction has to rise above."""

from collections.abc import Sequence

import numpy as np

from directrix.types import (
    Direction,
    Field,
    Finding,
    GeneratorCard,
    Intervention,
    Operation,
    Space,
    Subspace,
    Units,
)


def random_like(
    findings: Sequence[Finding], card: GeneratorCard, seed: int, count: int
) -> tuple[Finding, ...]:
    """`count` random findings, each shaped like one of the given ones in turn.

    Like a direction, subspace, field or adding intervention: a random unit direction of the same
    space, layers and length. Like another intervention or like units: the same values on random
    coordinates or channels.
    """
    chance = np.random.Generator(np.random.Philox(seed))
    return tuple(_random_like(findings[i % len(findings)], card, chance) for i in range(count))


def _random_like(model: Finding, card: GeneratorCard, chance: np.random.Generator) -> Finding:
    if isinstance(model, Units):
        known = next(layer.channels for layer in card.layers if layer.name == model.layer)
        channels = chance.permutation(known)[: len(model.channels)]
        return Units(model.layer, channels, model.targets)
    if isinstance(model, Intervention) and model.operation is not Operation.ADD:
        places = chance.permutation(_dimension(card, model.space))[: len(model.coordinates)]
        return Intervention(model.space, places, model.values, model.operation)
    layers = () if isinstance(model, Intervention) else model.layers
    vector = _unit_vector(model.space, layers, card, chance)
    return Direction(model.space, vector, _length(model), layers)


def _length(finding: Finding) -> float:
    """How far alpha = 1 moves a latent."""
    match finding:
        case Subspace():
            return float(finding.scales[0])
        case Intervention():
            return float(np.linalg.norm(finding.values)) or 1.0
        case Direction() | Field():
            return finding.scale
    raise TypeError(type(finding).__name__)


def _unit_vector(
    space: Space, layers: Sequence[int], card: GeneratorCard, chance: np.random.Generator
) -> np.ndarray:
    """[d], or in W+ [layers, d] with zeros outside the chosen layers."""
    known = next(entry for entry in card.spaces if entry.space is space)
    shape = (known.layers, known.dimension) if space is Space.W_PLUS else (known.dimension,)
    vector = chance.standard_normal(shape)
    if space is Space.W_PLUS and layers:
        vector[[i for i in range(known.layers) if i not in layers]] = 0
    return vector / np.linalg.norm(vector)


def _dimension(card: GeneratorCard, space: Space) -> int:
    return next(entry.dimension for entry in card.spaces if entry.space is space)
