"""Findings: what breaks the contract of a kind is refused, what is kept cannot change."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.types import Direction, Field, FieldForm, Intervention, Operation, Space, Subspace
from tests.unit.wire import samples

NAN, INF = np.nan, np.inf
MLP = {"w1": np.ones((2, 3)), "b1": np.zeros(2), "w2": np.ones(2)}
RBF = {"centres": np.ones((2, 3)), "widths": np.ones(2), "weights": np.ones(2)}


def rbf(**arrays: np.ndarray) -> Field:
    return Field(Space.Z, FieldForm.RBF, RBF | arrays, 1.0)


WRONG = {
    "direction that is no unit vector": lambda: Direction(Space.Z, np.ones(3), 1.0),
    "direction of NaN": lambda: Direction(Space.Z, np.array([NAN, 1.0]), 1.0),
    "direction of w+ without layers": lambda: Direction(Space.W_PLUS, np.array([1.0]), 1.0),
    "direction without length": lambda: Direction(Space.Z, np.array([1.0]), 0.0),
    "direction of endless length": lambda: Direction(Space.Z, np.array([1.0]), INF),
    "skew basis": lambda: Subspace(Space.W, np.array([[1.0, 0], [0.8, 0.6]]), np.ones(2)),
    "negative scale": lambda: Subspace(Space.W, np.eye(2), np.array([1.0, -1.0])),
    "field of the other form": lambda: Field(Space.Z, FieldForm.RBF, MLP, 1.0),
    "field without steps": lambda: Field(Space.Z, FieldForm.MLP, MLP, 1.0, steps=0),
    "bumps that grow outwards": lambda: rbf(widths=np.array([1.0, -1.0])),
    "bumps of no width": lambda: rbf(widths=np.array([1.0, 0.0])),
    "bumps of NaN": lambda: rbf(weights=np.array([1.0, NAN])),
    "coordinate twice": lambda: Intervention(
        Space.Z, np.array([1, 1]), np.ones(2), Operation.SET
    ),
    "coordinate below none": lambda: Intervention(
        Space.Z, np.array([-1]), np.ones(1), Operation.SET
    ),
}  # fmt: skip


@pytest.mark.parametrize("label", WRONG)
def test_what_breaks_its_contract_is_refused(label: str) -> None:
    with pytest.raises(InvalidField, match="breaks its contract"):
        WRONG[label]()


@pytest.mark.parametrize("finding", samples.findings(), ids=lambda finding: finding.kind)
def test_arrays_cannot_be_changed_and_are_no_ones_else(finding: object) -> None:
    for array in finding.arrays().values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_a_given_array_stays_its_owners() -> None:
    given = np.array([1.0, 0.0], np.float32)
    direction = Direction(Space.Z, given, 1.0)
    given[:] = 7
    assert direction.vector.tolist() == [1.0, 0.0]
