"""One hand-made finding of each kind, with the digests that go with them."""

import numpy as np

from directrix.types import (
    Direction,
    Field,
    FieldForm,
    Finding,
    FindingSet,
    Intervention,
    Operation,
    Provenance,
    Space,
    Subspace,
    Units,
)

GENERATOR = "a" * 64
SET = "b" * 64


def unit(*shape: int) -> np.ndarray:
    vector = np.arange(1, np.prod(shape) + 1, dtype=np.float32).reshape(shape)
    return vector / np.linalg.norm(vector)


def findings() -> tuple[Finding, ...]:
    mlp = {"w1": np.ones((3, 4)), "b1": np.zeros(3), "w2": np.arange(3)}
    rbf = {"centres": np.ones((2, 4)), "widths": np.ones(2), "weights": np.arange(2)}
    return (
        Direction(Space.Z, unit(4), 1.0),
        Direction(Space.W_PLUS, unit(2, 3), 0.5, layers=(0, 1)),
        Subspace(Space.W, np.eye(4)[:2], np.array([1.0, 2.0]), layers=(1,)),
        Field(Space.Z, FieldForm.MLP, mlp, 1.5, steps=4),
        Field(Space.Z, FieldForm.RBF, rbf, 1.0),
        Units("b8", np.array([3, 1]), np.array([0.5, -0.5])),
        Intervention(Space.S, np.array([7, 2]), np.array([1.0, 2.0]), Operation.ADD),
    )


def finding_set() -> FindingSet:
    provenance = Provenance(
        method="by-hand",
        version="1",
        parameters={"count": 3, "rate": 0.25, "names": ["a", "b"], "flag": True, "none": None},
        seed=2**40 + 1,
        generator=GENERATOR,
        predictors=("c" * 64,),
        population="d" * 64,
        libraries={"numpy": "2"},
    )
    found = findings()
    return FindingSet(found, provenance, tuple(f"hint {i}" for i in range(len(found))))
