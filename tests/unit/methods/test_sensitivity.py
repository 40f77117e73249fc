"""Optimisation-based sensitivity on linear toys whose support is planted."""

from collections.abc import Mapping

import numpy as np
import pytest

from directrix import methods
from directrix.errors import InvalidField, NeedsUnmet
from directrix.methods.sensitivity import Sensitivity
from directrix.metrics import CoordinateAnalysis
from directrix.population import deviation
from directrix.types import FindingSet, Operation, Space
from tests.contract.toys import DIMENSION, World, linear_world

READING = np.array([[0.9, 0.0, -0.6, 0.0, 0.4, 0, 0, 0], [0, 0.5, 0, 0, 0, -0.5, 0, 0.3]])
RELEASED: Mapping[str, object] = {
    "mode": "multiplicative",
    "measure": "probability",
    "norm": "l2",
    "penalty": 0.2,
    "reach": 1.0,
    "rate": 0.05,
    "batch": 1,
    "epochs": 1,
    "start": 0.5,
}


@pytest.fixture(scope="module")
def world() -> World:
    return linear_world(READING)


def fit(world: World, **params: object) -> FindingSet:
    return make(**params).fit(world.problem())


def make(**params: object) -> Sensitivity:
    settings = {"samples": 32, "measure": "score", "epochs": 20} | params
    return Sensitivity(methods.parse("sensitivity", settings))


def support(analysis: CoordinateAnalysis, column: int, size: int = 3) -> set[int]:
    return set(np.argsort(-analysis.importance[:, column])[:size].tolist())


@pytest.mark.parametrize("aim", ["change", "rise"])
@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_additive_finds_support_signs_and_order(world: World, norm: str, aim: str) -> None:
    penalty = 0.1 if norm == "l1" else 0.5
    analysis = make(norm=norm, penalty=penalty, aim=aim).analyse(world.problem())
    assert analysis.labels == ("a", "b")
    for column, reading in enumerate(READING):
        strongest = np.flatnonzero(reading)
        assert support(analysis, column) == set(strongest)
        signs = analysis.signs[strongest, column]
        assert np.array_equal(signs, np.sign(reading[strongest]))


def test_multiplicative_ranks(world: World) -> None:
    analysis = make(mode="multiplicative", reach=1.0, samples=256).analyse(world.problem())
    for column, reading in enumerate(READING):
        assert support(analysis, column) == set(np.flatnonzero(reading))


@pytest.mark.slow
def test_the_released_settings_rank_too(world: World) -> None:
    settings = RELEASED | {"measure": "score", "samples": 512}
    analysis = make(**settings).analyse(world.problem())
    assert support(analysis, 0) == {0, 2, 4}


def test_l1_is_sparser_than_l2(world: World) -> None:
    gini = [
        make(norm=norm, penalty=penalty).analyse(world.problem()).decoupling()[0, 1]
        for norm, penalty in (("l1", 0.1), ("l2", 0.1))
    ]
    assert gini[0] > gini[1]


def test_values_are_in_sd_of_the_coordinate() -> None:
    world = linear_world(np.eye(DIMENSION)[:1], w_dim=DIMENSION)
    (finding,) = fit(world, top_k=1).findings
    assert (finding.space, finding.operation) == (Space.W, Operation.ADD)
    assert finding.coordinates.tolist() == [0]
    wanted = deviation(world.generator, Space.W, np.eye(DIMENSION))[0]
    assert finding.values[0] == pytest.approx(wanted, rel=1e-6)


def test_values_keep_the_proportions_or_only_the_signs(world: World) -> None:
    by_size = fit(world, top_k=3, penalty=0.2).findings[0]
    assert abs(by_size.values[0]) == pytest.approx(1)
    assert (np.diff(np.abs(by_size.values)) <= 0).all()
    by_sign = fit(world, top_k=3, values="sign").findings[0]
    assert np.abs(by_sign.values).tolist() == pytest.approx([1, 1, 1])


def test_multiplicative_findings_scale(world: World) -> None:
    finding = fit(world, mode="multiplicative", top_k=2).findings[0]
    assert finding.operation is Operation.SCALE
    assert np.abs(finding.values).max() == pytest.approx(1)


def test_rules(world: World) -> None:
    assert len(fit(world, rule="mass", mass=0.2).findings[0].coordinates) == 1
    assert 1 <= len(fit(world, rule="threshold", threshold=1.0).findings[0].coordinates) <= 3
    assert len(fit(world, top_k=4096).findings[0].coordinates) == DIMENSION


def test_measures(world: World) -> None:
    """Of two classes the log-odds are the difference of their logits."""
    analysis = make(measure="log_odds").analyse(world.problem())
    assert support(analysis, 0, 6) == {0, 1, 2, 4, 5, 7}
    assert np.array_equal(analysis.signs[[0, 1, 2], 0], [1, -1, -1])
    chance = make(measure="probability", penalty=0.01, rate=0.5).analyse(world.problem())
    assert support(chance, 0, 1) == {0}


def test_starts_from_a_source_class(world: World) -> None:
    found = make(source="a", samples=16)
    told: list[str] = []
    found.fit(world.problem(progress=lambda done, total, note="": told.append(note)))
    assert any("of 16 latents of a" in note for note in told)
    with pytest.raises(InvalidField) as caught:
        fit(world, source="nobody")
    assert caught.value.field == "parameters.source"


def test_a_class_that_never_wins_is_refused() -> None:
    rare = linear_world(READING, offsets=[0.0, 1e4])
    with pytest.raises(NeedsUnmet, match="only 0 of 400 latents are of class 'a'"):
        fit(rare, source="a", samples=4)


def test_chosen_scorers_and_unknown_ones(world: World) -> None:
    assert fit(world, scorers=["b"]).hints == ("b",)
    with pytest.raises(InvalidField, match="a, b"):
        fit(world, scorers=["z"])
