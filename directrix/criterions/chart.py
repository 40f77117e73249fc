"""A chart: the coordinates in which a latent may move, in any space, with masks and a metric.

z, w       the latent's own coordinates; w on some layers only: each moves the same on all of them
w+         coordinates of every chosen layer
s          the style vector's chosen coordinates: of layers, of channels, or of both

The metric says which moves are equally long. euclidean: their coordinates. population: u = C y with
y euclidean, where C is what the population's own covariance allows: all of it in Z and W, layer by
layer in W+, channel by channel in S (samples of the prior cover but a few dimensions of these).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.discovery import Problem
from directrix.errors import InvalidField, SpaceUnavailable
from directrix.types import Space

SAMPLES = 4096
"""Of the population, for covariances; their seed is the problem's own."""

LEAST = 1e-3
"""Of the largest SD: the metric holds no SD to be smaller."""


@dataclass(frozen=True, eq=False)
class Chart:
    """Coordinates [D] around latents.

    home: the space in which points are rendered. tangents: [D, *latent at home]. covariance: of the
    coordinates over the population [D, D]; root: C of the metric [D, D]. layers: as findings name
    them.
    """

    problem: Problem
    space: Space
    home: Space
    tangents: Tensor
    covariance: np.ndarray
    root: np.ndarray
    layers: tuple[int, ...]

    @classmethod
    def of(
        cls,
        problem: Problem,
        space: str,
        layers: Sequence[int],
        channels: Sequence[str],
        metric: str,
    ) -> "Chart":
        """Raises SpaceUnavailable, InvalidField for masks that the space does not know."""
        chosen = _space(problem, space)
        moved = tuple(sorted(set(layers)))
        _check_masks(problem, chosen, moved, channels)
        match chosen:
            case Space.W if moved:
                home, tangents = Space.W_PLUS, _on_layers(problem, moved)
            case Space.W_PLUS:
                home, tangents = chosen, _by_layer(problem, moved)
            case Space.S:
                home = chosen
                tangents = _eye(problem, chosen)[_styles(problem, moved, channels)]
            case _:
                home, tangents = chosen, _eye(problem, chosen)
        covariance = _covariance(problem, chosen, home, tangents)
        euclidean = metric == "euclidean" or chosen is Space.Z
        root = np.eye(len(tangents)) if euclidean else _root(covariance)
        kept = () if chosen in (Space.Z, Space.S) else moved
        tangents = tangents.to(problem.generator.device)
        return cls(problem, chosen, home, tangents, covariance, root, kept)

    def point(self, code: int, offset: np.ndarray) -> Tensor:
        """Sample `code` of the problem's seed, moved by coordinates [D]: [*latent at home]."""
        problem = self.problem
        rows = problem.sample(problem.seed, code, 1, self.home)
        start = torch.from_numpy(rows)[0].to(self.tangents)
        move = torch.from_numpy(offset).to(self.tangents)
        return start + torch.tensordot(move, self.tangents, 1)

    def measure(self, gram: np.ndarray) -> np.ndarray:
        """A Gram matrix [D, D] in the metric's coordinates."""
        return self.root.T @ gram @ self.root

    def unit(self, inside: np.ndarray) -> np.ndarray:
        """Columns [D, k] in the metric's coordinates -> coordinates of unit length.

        Coordinates are orthonormal in the finding's space, so its vectors have unit length too.
        """
        columns = self.root @ inside
        return columns / np.linalg.norm(columns, axis=0)

    def turned(self, columns: np.ndarray) -> np.ndarray:
        """Columns with the largest entry positive."""
        largest = np.abs(columns).argmax(0)
        return columns * np.where(columns[largest, np.arange(columns.shape[1])] < 0, -1.0, 1.0)

    def lift(self, columns: np.ndarray) -> np.ndarray:
        """Columns [D, k] -> vectors as findings hold them: [k, d], or [k, layers, d] in W+."""
        if self.space is self.home:
            rows = self.tangents.flatten(1).double().cpu().numpy()
            return (columns.T @ rows).reshape(-1, *self.tangents.shape[1:])
        return columns.T

    def coordinates(self, vectors: np.ndarray) -> np.ndarray:
        """The inverse of `lift`: [k, D]."""
        if self.space is not self.home:
            return vectors
        rows = self.tangents.flatten(1).double().cpu().numpy()
        return vectors.reshape(len(vectors), -1) @ rows.T

    def spread(self, columns: np.ndarray) -> np.ndarray:
        """SD of the population along columns [D, k], coordinates taken as the metric's page says.

        In W+ and S as if layers and channels varied independently.
        """
        variance = np.einsum("dk,de,ek->k", columns, self.covariance, columns)
        return np.sqrt(np.maximum(variance, 1e-12))

    def orthonormal(self, vectors: np.ndarray) -> np.ndarray:
        """Rows of the same span [k, d], the first along the first, each turned like its vector."""
        q, r = np.linalg.qr(vectors.T)
        return (q * np.where(np.diag(r) < 0, -1.0, 1.0)).T

    def scales(self, basis: np.ndarray) -> np.ndarray:
        """SD along each row of an orthonormal basis [k, d]."""
        return self.spread(self.coordinates(basis).T)


def _space(problem: Problem, space: str) -> Space:
    spaces = problem.generator.spaces
    if space == "auto":
        return Space.W if Space.W in spaces else Space.Z
    if Space(space) not in spaces:
        raise SpaceUnavailable(
            f"generator {problem.generator.card.name} has no space {space}: it has "
            f"{', '.join(spaces)}",
            space=space,
        )
    return Space(space)


def _check_masks(
    problem: Problem, space: Space, layers: Sequence[int], channels: Sequence[str]
) -> None:
    count = 1
    if space in (Space.W, Space.W_PLUS, Space.S) and Space.W_PLUS in problem.generator.spaces:
        count = problem.generator.num_layers(Space.W_PLUS)
    if layers and (space is Space.Z or count == 1):
        raise InvalidField(f"{space} has no layers here", field="parameters.layers")
    for layer in layers:
        if layer >= count:
            raise InvalidField(
                f"layers are 0 to {count - 1}, not {layer}", field="parameters.layers"
            )
    if channels and space is not Space.S:
        raise InvalidField("channels belong to the space s", field="parameters.channels")


def _eye(problem: Problem, space: Space) -> Tensor:
    return torch.eye(problem.generator.dimension(space))


def _on_layers(problem: Problem, layers: Sequence[int]) -> Tensor:
    """[d, L, d]: each coordinate of w on all chosen layers."""
    count, width = (
        problem.generator.num_layers(Space.W_PLUS), problem.generator.dimension(Space.W)
    )  # fmt: skip
    tangents = torch.zeros(width, count, width)
    tangents[:, list(layers)] = torch.eye(width)[:, None]
    return tangents


def _by_layer(problem: Problem, layers: Sequence[int]) -> Tensor:
    """[layers d, L, d]: each coordinate of each chosen layer."""
    count = problem.generator.num_layers(Space.W_PLUS)
    width = problem.generator.dimension(Space.W_PLUS)
    every = torch.eye(count * width).unflatten(1, (count, width)).unflatten(0, (count, width))
    return every[list(layers) or list(range(count))].flatten(0, 1)


def _styles(problem: Problem, layers: Sequence[int], channels: Sequence[str]) -> list[int]:
    """Coordinates of S that may move."""
    dimension = problem.generator.dimension(Space.S)
    wanted = set(range(dimension)) if not channels else _ranges(channels, dimension)
    if layers:
        wanted &= _fed(problem, layers)
    if not wanted:
        raise InvalidField("no coordinate of s is left to move", field="parameters.channels")
    return sorted(wanted)


def _ranges(channels: Sequence[str], dimension: int) -> set[int]:
    found: set[int] = set()
    for text in channels:
        first, _, last = text.partition("-")
        ends = int(first), int(last or first)
        if not ends[0] <= ends[1] < dimension:
            raise InvalidField(
                f"channels of s are 0 to {dimension - 1}, not {text}", field="parameters.channels"
            )
        found |= set(range(ends[0], ends[1] + 1))
    return found


@torch.no_grad()
def _fed(problem: Problem, layers: Sequence[int]) -> set[int]:
    """Coordinates of S that change with the w of these layers."""
    generator = problem.generator
    start = torch.from_numpy(problem.sample(problem.seed, 0, 1, Space.W_PLUS))
    start = start.to(generator.device)
    moved = start.clone()
    moved[:, list(layers)] += 1.0
    before, after = (generator.convert(w, Space.W_PLUS, Space.S)[0] for w in (start, moved))
    return set((before != after).nonzero().flatten().tolist())


def _covariance(problem: Problem, space: Space, home: Space, tangents: Tensor) -> np.ndarray:
    """Of the coordinates over the population, without what the page leaves out: [D, D]."""
    count = len(tangents)
    if space is Space.Z:
        return np.eye(count)
    if space is Space.S:
        styles = problem.sample(problem.seed, 0, SAMPLES, Space.S).astype(np.float64)
        chosen = tangents.argmax(1).numpy()
        return np.diag(styles[:, chosen].var(0))
    w = problem.sample(problem.seed, 0, SAMPLES, Space.W).astype(np.float64)
    own = np.cov(w, rowvar=False).reshape(w.shape[1], w.shape[1])
    return np.kron(np.eye(count // len(own)), own) if space is Space.W_PLUS else own


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    deviations = np.sqrt(np.maximum(values, 0.0))
    return (vectors * np.maximum(deviations, LEAST * deviations.max())) @ vectors.T
