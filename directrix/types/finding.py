"""What a discovery finds: five kinds, all applied by one move.

Every finding says in which space it lives, on which layers it acts and how long its unit is:
`scale`, one standard deviation of the population along it. A move of strength alpha goes
alpha x scale along a unit vector. `arrays()` and `settings()` are the whole of a finding: the
archive, the digest and the wire are made of them and of nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np

from directrix.errors import InvalidField
from directrix.types.freeze import frozen
from directrix.types.latent import Space

Settings = Mapping[str, object]
Arrays = Mapping[str, np.ndarray]


class FindingKind(StrEnum):
    DIRECTION = "direction"
    SUBSPACE = "subspace"
    FIELD = "field"
    UNITS = "units"
    INTERVENTION = "intervention"


class FieldForm(StrEnum):
    """mlp: f(u) = w2 . leaky_relu(w1 u + b1); rbf: f(u) = sum_i a_i exp(-g_i |u - s_i|^2)."""

    MLP = "mlp"
    RBF = "rbf"


class Operation(StrEnum):
    """What an intervention does to a coordinate u at full strength (alpha = 1)."""

    SET = "set"
    """u + alpha (value - u)"""
    ADD = "add"
    """u + alpha value"""
    SCALE = "scale"
    """u (1 + alpha value)"""


@dataclass(frozen=True, eq=False)
class Direction:
    """A vector of unit length: [d], or [layers, d] in W+.

    layers: indices of the latents' layers it acts on; empty means all.
    """

    kind: ClassVar[FindingKind] = FindingKind.DIRECTION
    space: Space
    vector: np.ndarray
    scale: float
    layers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _set(self, vector=frozen(self.vector, np.float32))
        _want(self.vector.ndim == (2 if self.space is Space.W_PLUS else 1), self, "vector")
        _want(abs(float(np.linalg.norm(self.vector)) - 1) < 1e-3, self, "vector")
        _want(np.isfinite(self.scale) and self.scale > 0, self, "scale")

    def arrays(self) -> Arrays:
        return {"vector": self.vector}

    def settings(self) -> Settings:
        return {"space": self.space, "scale": self.scale, "layers": list(self.layers)}


@dataclass(frozen=True, eq=False)
class Subspace:
    """An orthonormal basis [k, d] (rows) with one scale a row; moved by k coefficients."""

    kind: ClassVar[FindingKind] = FindingKind.SUBSPACE
    space: Space
    basis: np.ndarray
    scales: np.ndarray
    layers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _set(self, basis=frozen(self.basis, np.float32), scales=frozen(self.scales, np.float32))
        _want(self.space is not Space.W_PLUS and self.basis.ndim == 2, self, "basis")
        _want(len(self.basis) > 0 and np.isfinite(self.basis).all(), self, "basis")
        gram = self.basis @ self.basis.T
        _want(np.abs(gram - np.eye(len(gram))).max() < 1e-3, self, "basis")
        _want(self.scales.shape == (len(self.basis),) and (self.scales > 0).all(), self, "scales")

    def arrays(self) -> Arrays:
        return {"basis": self.basis, "scales": self.scales}

    def settings(self) -> Settings:
        return {"space": self.space, "layers": list(self.layers)}


FIELD_ARRAYS = {FieldForm.MLP: ("w1", "b1", "w2"), FieldForm.RBF: ("centres", "widths", "weights")}


@dataclass(frozen=True, eq=False)
class Field:
    """A scalar function of the latent whose normalised gradient is followed.

    mlp: w1 [h, d], b1 [h], w2 [h]. rbf: centres [h, d], widths g [h] > 0, weights a [h].
    A move of strength alpha takes `steps` equal steps of alpha x scale / steps.
    """

    kind: ClassVar[FindingKind] = FindingKind.FIELD
    space: Space
    form: FieldForm
    parameters: Mapping[str, np.ndarray]
    scale: float
    steps: int = 8
    layers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        names = FIELD_ARRAYS[self.form]
        _want(set(self.parameters) == set(names), self, "parameters")
        parameters = {n: frozen(self.parameters[n], np.float32) for n in names}
        _set(self, parameters=parameters)
        matrix, *vectors = (parameters[n] for n in names)
        _want(self.space is not Space.W_PLUS and matrix.ndim == 2, self, "parameters")
        _want(all(v.shape == (len(matrix),) for v in vectors), self, "parameters")
        _want(all(np.isfinite(v).all() for v in parameters.values()), self, "parameters")
        _want(self.form is not FieldForm.RBF or (vectors[0] > 0).all(), self, "parameters")
        _want(np.isfinite(self.scale) and self.scale > 0, self, "scale")
        _want(1 <= self.steps <= 1000, self, "steps")

    def arrays(self) -> Arrays:
        return dict(self.parameters)

    def settings(self) -> Settings:
        return {
            "space": self.space,
            "form": self.form,
            "scale": self.scale,
            "steps": self.steps,
            "layers": list(self.layers),
        }


@dataclass(frozen=True, eq=False)
class Units:
    """Channels of one feature layer with target activations: [k] indices, [k] values.

    A move of strength alpha blends f + alpha (target - f), inside the move's mask if it has one.
    """

    kind: ClassVar[FindingKind] = FindingKind.UNITS
    layer: str
    channels: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        channels, targets = frozen(self.channels, np.int64), frozen(self.targets, np.float32)
        _set(self, channels=channels, targets=targets)
        _want(channels.ndim == 1 and len(channels) > 0 and (channels >= 0).all(), self, "channels")
        _want(len(np.unique(channels)) == len(channels), self, "channels")
        _want(targets.shape == channels.shape and np.isfinite(targets).all(), self, "targets")

    def arrays(self) -> Arrays:
        return {"channels": self.channels, "targets": self.targets}

    def settings(self) -> Settings:
        return {"layer": self.layer}


@dataclass(frozen=True, eq=False)
class Intervention:
    """Chosen coordinates of a latent [k] with one value each [k], set, added or scaled."""

    kind: ClassVar[FindingKind] = FindingKind.INTERVENTION
    space: Space
    coordinates: np.ndarray
    values: np.ndarray
    operation: Operation

    def __post_init__(self) -> None:
        coordinates, values = frozen(self.coordinates, np.int64), frozen(self.values, np.float32)
        _set(self, coordinates=coordinates, values=values)
        _want(coordinates.ndim == 1 and len(coordinates) > 0, self, "coordinates")
        _want((coordinates >= 0).all(), self, "coordinates")
        _want(len(np.unique(coordinates)) == len(coordinates), self, "coordinates")
        _want(values.shape == coordinates.shape and np.isfinite(values).all(), self, "values")
        _want(self.space is not Space.W_PLUS, self, "space")

    def arrays(self) -> Arrays:
        return {"coordinates": self.coordinates, "values": self.values}

    def settings(self) -> Settings:
        return {"space": self.space, "operation": self.operation}


Finding = Direction | Subspace | Field | Units | Intervention


def _set(finding: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(finding, name, value)


def _want(holds: bool | np.bool_, finding: Finding, field: str) -> None:
    if not holds:
        doc = (type(finding).__doc__ or "").splitlines()[0]
        raise InvalidField(
            f"{field} of a {finding.kind} breaks its contract: {doc}", field=f"finding.{field}"
        )
