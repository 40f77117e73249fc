"""SeFa against its formula and against planted axes."""

import numpy as np
import pytest

from directrix import methods
from directrix.errors import InvalidField, NeedsUnmet, SpaceUnavailable
from directrix.methods.sefa import SeFa, SefaParams
from directrix.population import deviation
from directrix.types import FindingSet, Space
from tests.contract.toys import DIMENSION, linear_world, style_world


def fit(world, **params: object) -> FindingSet:
    return SeFa(methods.parse("sefa", params)).fit(world.problem())


def rows(findings: FindingSet) -> np.ndarray:
    return np.stack([f.vector for f in findings.findings]).astype(np.float64)


def test_unnormalised_maps_give_the_planted_axes_in_order() -> None:
    world = linear_world()
    found = rows(fit(world, normalise=False))
    assert np.abs(found @ world.axes.T) == pytest.approx(np.eye(DIMENSION), abs=1e-4)


def test_normalised_maps_give_the_eigenvectors_of_the_formula() -> None:
    world = linear_world()
    matrix = world.generator.weights(Space.Z)[0].numpy().astype(np.float64)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    found = rows(fit(world))
    assert np.abs(found @ right.T) == pytest.approx(np.eye(DIMENSION), abs=1e-4)
    stretched = np.linalg.norm(matrix @ found.T, axis=0)
    assert (np.diff(stretched) <= 1e-6).all()
    assert left.shape == (64, DIMENSION)


def test_the_largest_entry_is_positive() -> None:
    found = rows(fit(linear_world()))
    largest = np.abs(found).argmax(1)
    assert (found[np.arange(len(found)), largest] > 0).all()


def test_hints_count_components_and_scale_is_one_in_z() -> None:
    findings = fit(linear_world(), components=3)
    assert findings.hints == ("component 0", "component 1", "component 2")
    assert [f.scale for f in findings.findings] == pytest.approx([1.0, 1.0, 1.0])


def test_more_components_than_dimensions_give_the_dimensions() -> None:
    assert len(fit(linear_world(), components=64)) == DIMENSION


def test_auto_prefers_w_and_measures_its_scale() -> None:
    world = linear_world(w_dim=DIMENSION)
    findings = fit(world, components=2)
    assert {f.space for f in findings.findings} == {Space.W}
    wanted = deviation(world.generator, Space.W, rows(findings))
    assert [f.scale for f in findings.findings] == pytest.approx(wanted, rel=1e-4)
    assert fit(world, space="z").findings[0].space is Space.Z


def test_layers_choose_the_maps_and_travel_with_the_direction() -> None:
    world = style_world()
    some, all_ = fit(world, layers=[2, 0]), fit(world)
    assert some.findings[0].layers == (0, 2)
    assert all_.findings[0].layers == ()
    maps = world.generator.weights(Space.W)
    stacked = np.concatenate([maps[i].numpy() for i in (0, 2)]).astype(np.float64)
    stacked /= np.linalg.norm(stacked, axis=1, keepdims=True)
    right = np.linalg.svd(stacked)[2]
    assert np.abs(rows(some) @ right.T) == pytest.approx(np.eye(DIMENSION), abs=1e-3)


def test_unknown_layers_are_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidField, match="0, 1, 2, 3") as caught:
        fit(style_world(), layers=[9])
    assert caught.value.field == "parameters.layers"


def test_a_space_without_maps_is_refused() -> None:
    with pytest.raises((NeedsUnmet, SpaceUnavailable), match="z"):
        fit(style_world(), space="z")
    with pytest.raises((NeedsUnmet, SpaceUnavailable), match="w"):
        fit(linear_world(), space="w")


def test_defaults() -> None:
    assert SeFa().params == SefaParams(space="auto", components=10, layers=(), normalise=True)


def test_in_w_plus_every_component_belongs_to_one_layer() -> None:
    """The eigenvectors of a block diagonal matrix are those of its blocks."""
    world = style_world()
    maps = world.generator.weights(Space.W)
    blocks = {i: m.numpy().astype(np.float64) for i, m in maps.items()}
    whole = np.zeros((len(blocks) * DIMENSION,) * 2)
    for place, matrix in enumerate(blocks.values()):
        part = slice(place * DIMENSION, (place + 1) * DIMENSION)
        whole[part, part] = matrix.T @ matrix
    values, columns = np.linalg.eigh(whole)
    findings = fit(world, space="w+", components=6, normalise=False)
    for k, finding in enumerate(findings.findings):
        wanted = columns[:, -1 - k].reshape(len(blocks), DIMENSION)
        assert abs((finding.vector * wanted).sum()) == pytest.approx(1, abs=1e-3)
        (layer,) = finding.layers
        assert findings.hints[k] == f"component {k} of layer {layer}"
        stretched = blocks[layer] @ finding.vector[layer].astype(np.float64)
        assert stretched @ stretched == pytest.approx(values[-1 - k], rel=1e-4)
    assert len({f.layers for f in findings.findings}) > 1


def test_in_w_plus_chosen_layers_only() -> None:
    world = style_world()
    findings = fit(world, space="w+", layers=[2], components=3)
    assert {f.layers for f in findings.findings} == {(2,)}
    vectors = np.stack([f.vector for f in findings.findings])
    assert not vectors[:, [0, 1, 3]].any()
    wanted = deviation(world.generator, Space.W_PLUS, vectors)
    assert [f.scale for f in findings.findings] == pytest.approx(wanted, rel=1e-4)
    plain = fit(world, layers=[2], components=3)
    assert np.abs(np.einsum("kd,kd->k", rows(plain), vectors[:, 2])) == pytest.approx(1, abs=1e-5)
