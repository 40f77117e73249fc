"""SeFa: the directions that the generator's first linear maps amplify most.

Source: Shen and Zhou, "Closed-Form Factorization of Latent Semantics in GANs" (arXiv 2007.06600),
eq. 5: the eigenvectors of A^T A for y = A u + b, written from the formula.

In W+ every layer has a w of its own, so A is block diagonal and its eigenvectors are those of the
layers, each acting on its own layer alone; they are ranked together by eigenvalue.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from directrix.discovery import DiscoveryMethod, MethodParams, Need, Problem
from directrix.errors import InvalidField, NeedsUnmet, SpaceUnavailable
from directrix.generators import Generator
from directrix.population import deviation
from directrix.types import Direction, FindingSet, Space

PREFERENCE = (Space.W, Space.Z, Space.S)
Layer = Annotated[int, Field(ge=0, le=1023)]


class SefaParams(MethodParams):
    space: Literal["auto", "z", "w", "w+"] = Field(
        "auto",
        description="Latent space of the directions; auto: W where its maps are there, else Z.",
    )
    components: int = Field(
        10,
        ge=1,
        le=64,
        description="How many directions, 1 to 64; at most the space's dimension.",
    )
    layers: tuple[Layer, ...] = Field(
        (),
        max_length=256,
        description="Indices of the layers whose maps count and that move; empty means all.",
    )
    normalise: bool = Field(
        True, description="Whether every output channel counts alike (unit norm), yes or no."
    )


class SeFa(DiscoveryMethod):
    """Directions that change the generator's first layers most, in closed form from its weights."""

    name = "sefa"
    version = "1"
    needs = frozenset({Need.WEIGHTS})
    Params = SefaParams
    params: SefaParams

    def fit(self, problem: Problem) -> FindingSet:
        """One Direction a component, by descending eigenvalue, largest entry positive.

        Raises InvalidField for layers without a map, NeedsUnmet where there are no maps at all.
        """
        self.check_needs(problem)
        space, maps = self._weights(problem.generator)
        found = self._components(space, maps)
        problem.progress(1, 2, f"{len(found)} components of {len(maps)} layers")
        vectors = np.stack([vector for vector, _ in found])
        if space is Space.W_PLUS:
            vectors = _on_layers(found, problem.generator.num_layers(space))
        scales = deviation(problem.generator, space, vectors)
        findings = tuple(
            Direction(space, vector, float(scale), layers)
            for vector, scale, (_, layers) in zip(vectors, scales, found, strict=True)
        )
        problem.progress(2, 2)
        where = [f" of layer {layers[0]}" if space is Space.W_PLUS else "" for _, layers in found]
        hints = tuple(f"component {k}{layer}" for k, layer in enumerate(where))
        return FindingSet(findings, self.provenance(problem), hints)

    def _components(
        self, space: Space, maps: Mapping[int, Tensor]
    ) -> list[tuple[np.ndarray, tuple[int, ...]]]:
        """Unit vectors [d] with the layers they act on, by descending eigenvalue."""
        count, normalise = self.params.components, self.params.normalise
        if space is not Space.W_PLUS:
            _, vectors = _eigen(maps.values(), count, normalise)
            layers = tuple(sorted(set(self.params.layers))) if space is Space.W else ()
            return [(vector, layers) for vector in vectors]
        each = [
            (value, (vector, (layer,)))
            for layer, weight in maps.items()
            for value, vector in zip(*_eigen([weight], count, normalise), strict=True)
        ]
        return [found for _, found in sorted(each, key=lambda e: -e[0])[:count]]

    def _weights(self, generator: Generator) -> tuple[Space, Mapping[int, Tensor]]:
        asked = self.params.space
        space, maps = _maps(generator, PREFERENCE if asked == "auto" else (Space(asked),))
        for layer in self.params.layers:
            if layer not in maps:
                known = ", ".join(str(index) for index in sorted(maps))
                raise InvalidField(
                    f"layer {layer} has no linear map on {space}: those with one are {known}",
                    field="parameters.layers",
                )
        return space, {layer: maps[layer] for layer in sorted(set(self.params.layers or maps))}


def _maps(generator: Generator, spaces: tuple[Space, ...]) -> tuple[Space, Mapping[int, Tensor]]:
    """The first of the spaces that has linear maps, and the maps."""
    for space in spaces:
        try:
            maps = generator.weights(space)
        except SpaceUnavailable:
            continue
        if maps:
            return space, maps
    wanted = ", ".join(spaces)
    raise NeedsUnmet(f"generator {generator.card.name} has no linear map on any of: {wanted}")


def _eigen(weights: Iterable[Tensor], count: int, normalise: bool) -> tuple[np.ndarray, np.ndarray]:
    """Maps [C, d] -> eigenvalues [count] and eigenvectors [count, d] float64 of sum A^T A.

    normalise: rows of A at unit norm. Descending; the largest entry of a vector is positive.
    """
    gram = 0.0
    for weight in weights:
        matrix = weight.detach().to("cpu", torch.float64).numpy()
        if normalise:
            lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
            matrix = np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0)
        gram = gram + matrix.T @ matrix
    values, columns = np.linalg.eigh(gram)
    vectors = columns[:, ::-1].T[:count]
    largest = np.abs(vectors).argmax(1)
    signs = np.sign(vectors[np.arange(len(vectors)), largest])
    return values[::-1][:count], vectors * signs[:, None]


def _on_layers(found: Sequence[tuple[np.ndarray, tuple[int, ...]]], layers: int) -> np.ndarray:
    """[k, layers, d] with each vector on its own layer and zeros elsewhere."""
    vectors = np.zeros((len(found), layers, len(found[0][0])))
    for row, (vector, (layer,)) in zip(vectors, found, strict=True):
        row[layer] = vector
    return vectors
