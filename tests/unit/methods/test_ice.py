"""ICE on toys: exact constrained eigenvectors, all spaces and masks, refusals."""

import numpy as np
import pytest
import torch

from directrix import methods
from directrix.errors import InvalidField, NeedsUnmet, SpaceUnavailable, SubspaceEmpty
from directrix.methods.ice import Ice, Solution, _deviations, alike
from directrix.types import Direction, FindingSet, Space, Subspace
from tests.contract import toy_ice
from tests.contract.toys import DIMENSION, World, linear_world, style_world


def make(**params: object) -> Ice:
    return Ice(methods.parse("ice", {"codes": 2} | params))


def fit(world: World, **params: object) -> FindingSet:
    return make(**params).fit(world.problem())


def solve(world: World, **params: object) -> Solution:
    return make(**params).solve(world.problem())


def test_without_constraints_it_is_jacobian_pca() -> None:
    world = linear_world()
    found = solve(world)
    assert np.abs(found.vectors @ world.axes.T) == pytest.approx(np.eye(DIMENSION), abs=1e-5)
    assert found.gains == pytest.approx(np.sqrt(found.values))


def test_the_constrained_eigenvectors_are_exact() -> None:
    """Two of the scores are held; image = A u and score = B A u, computed in float64."""
    world = linear_world()
    matrix, reader = toy_ice.matrices(world)
    found = make(suppressed=["score:a+b"], ratio=1e-9, products="jvp").solve(toy_ice.exact(world))
    free = np.linalg.svd(reader[:2] @ matrix)[2][2:].T
    values, inside = np.linalg.eigh(free.T @ matrix.T @ matrix @ free)
    assert found.values == pytest.approx(values[::-1], rel=1e-10)
    cosines = np.abs(found.vectors @ free @ inside[:, ::-1])
    assert cosines == pytest.approx(np.eye(6), abs=1e-8)
    assert found.eigenspace.free == 6
    assert found.eigenspace.spectra[0][2:] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("form", ["early", "late", "soft"])
def test_what_is_suppressed_is_hardly_moved(form: str) -> None:
    world = linear_world()
    found = solve(world, wanted=["score:a"], suppressed=["score:~a"], form=form, ratio=1e-6)
    axis = found.vectors[0]
    assert abs(axis @ world.readings[0]) > 0.999
    assert np.abs(world.readings[1:] @ axis).max() < 1e-3


def test_an_impossible_task_is_refused_with_its_dimensions() -> None:
    with pytest.raises(SubspaceEmpty, match="score:a leaves 7") as caught:
        fit(linear_world(), wanted=["score:a"], suppressed=["score:a"])
    assert caught.value.reason == "SUBSPACE_EMPTY"
    assert caught.value.metadata["free_dimensions"] == "7"
    assert caught.value.field == "parameters.suppressed"


@pytest.mark.parametrize("space", ["z", "w", "s"])
def test_a_subspace_of_every_space_that_carries_one(space: str) -> None:
    world = style_world()
    (found,) = fit(world, space=space, wanted=["pixels"], components=3).findings
    assert isinstance(found, Subspace)
    assert found.space is Space(space)
    assert len(found.basis) == 3


def test_w_plus_carries_directions() -> None:
    found = fit(style_world(), space="w+", layers=[1, 2], components=2)
    for finding in found.findings:
        assert isinstance(finding, Direction)
        assert finding.layers == (1, 2)
        assert np.abs(finding.vector[[0, 3]]).max() == 0
    with pytest.raises(InvalidField, match="W\\+ carries directions"):
        fit(style_world(), space="w+", kind="subspace")


def test_layers_of_w_move_alike() -> None:
    """The slope along w on some layers is the sum of theirs in W+."""
    world = style_world()
    found = make(space="w", layers=[1], codes=1).solve(world.problem())
    chart = found.chart
    assert chart.home is Space.W_PLUS
    w = chart.point(0, np.zeros(DIMENSION))
    moved = chart.point(0, np.eye(DIMENSION)[2]) - w
    assert torch.equal(moved.nonzero(), torch.tensor([[1, 2]]))


def test_layers_and_channels_of_s() -> None:
    world = style_world()
    all_ = make(space="s").solve(world.problem()).chart
    own = make(space="s", layers=[1]).solve(world.problem()).chart
    some = make(space="s", layers=[1], channels=["0-12"]).solve(world.problem()).chart
    assert len(all_.tangents) == world.generator.dimension(Space.S) > len(own.tangents)
    places = own.tangents.argmax(1).tolist()
    assert some.tangents.argmax(1).tolist() == [p for p in places if p <= 12]


def test_the_population_metric_prefers_what_varies() -> None:
    world = style_world()
    plain, natural = (solve(world, space="w", metric=m) for m in ("euclidean", "population"))
    assert natural.scales[0] > plain.scales[0]


def test_rounds_go_along_the_first_direction() -> None:
    world = style_world()
    once = make(space="w", rounds=1).solve(world.problem())
    twice = make(space="w", rounds=3, reach=4.0).solve(world.problem())
    still = make(space="w", rounds=3, reach=0.0).solve(world.problem())
    assert np.abs(still.vectors @ once.vectors.T) == pytest.approx(
        np.eye(len(once.vectors)), abs=1e-4
    )
    assert abs(twice.values[0] / once.values[0] - 1) > 1e-3


def test_a_stride_holds_what_is_suppressed_further_along() -> None:
    """At the latents of the fit, where the first direction has changed what is wanted."""
    world = style_world()
    settings = {"space": "w", "codes": 12, "form": "soft", "ratio": 1e-3}
    settings |= {"wanted": ["score:a"], "suppressed": ["score:~a"]}
    once = make(**settings).solve(world.problem())
    far = make(**settings, rounds=3, stride=3.0).solve(world.problem())
    assert _leak(world, far) < 0.9 * _leak(world, once)


def _leak(world: World, found: Solution) -> float:
    """Root mean square change of b and c over that of a, one stride of 3 either way."""
    problem, move = world.problem(), found.vectors[0] * found.scales[0] * 3.0 / found.gains[0]
    starts = torch.from_numpy(problem.sample(problem.seed, 0, 12, Space.W))
    spread = _deviations(problem)

    def seen(w: torch.Tensor) -> np.ndarray:
        images = world.generator.synthesise(w, Space.W)
        return world.predictor.scores(images).double().numpy() / spread

    ends = [seen(starts + side * torch.from_numpy(move).float()) for side in (1, -1)]
    changes = np.concatenate([end - seen(starts) for end in ends])
    return float(np.sqrt(np.square(changes[:, 1:]).mean() / np.square(changes[:, 0]).mean()))


def test_every_route_finds_the_same() -> None:
    world = style_world()
    first, *others = (
        solve(world, space="w", wanted=["score:a"], suppressed=["score:b"], products=p)
        for p in ("auto", "jvp", "vjp", "sketch")
    )
    for other in others:
        assert other.values == pytest.approx(first.values, rel=1e-3)


@pytest.mark.parametrize("mirror", [False, True])
def test_before_a_mirror_what_is_held_holds_there_too(mirror: bool) -> None:
    world = linear_world()
    matrix, reader = toy_ice.matrices(world)
    turned = reader.reshape(-1, 8, 8)[:, :, ::-1].reshape(reader.shape)
    found = solve(world, suppressed=["score:b"], ratio=1e-6, mirror=mirror)
    plain, there = (np.abs(rows[1] @ matrix @ found.vectors.T).max() for rows in (reader, turned))
    assert plain < 1e-3
    assert bool(there < 1e-3) is mirror
    assert found.eigenspace.free == (6 if mirror else 7)


def test_where_all_latents_are_alike_weighing_changes_nothing() -> None:
    world = linear_world()
    settings = {"wanted": ["score:a"], "suppressed": ["score:b"], "form": "soft", "codes": 3}
    size, same = (solve(world, **settings, weighing=name) for name in ("size", "alike"))
    assert same.vectors == pytest.approx(size.vectors, abs=1e-6)
    assert same.gains == pytest.approx(size.gains, rel=1e-6)


def test_a_wild_latent_counts_as_any_other() -> None:
    calm, wild = np.diag([1.0, 0.0]), np.diag([0.0, 1e6])
    assert sum(alike(gram[None])[0] for gram in (calm, wild, calm)).diagonal().tolist() == [2, 1]
    assert alike(np.zeros((1, 2, 2))).sum() == 0


def test_hints_tell_dimensions_and_gains() -> None:
    found = fit(linear_world(), wanted=["pixels"], suppressed=["score:a"], kind="directions")
    assert len(found) == 7
    assert found.hints[0].startswith("pixels: direction 0, gain ")
    assert found.hints[0].endswith("7 of 8 dimensions free")


def test_masks_and_spaces_are_checked() -> None:
    linear, style = linear_world(), style_world()
    with pytest.raises(SpaceUnavailable, match="has no space s"):
        fit(linear, space="s")
    with pytest.raises(InvalidField, match="no layers"):
        fit(style, space="z", layers=[0])
    with pytest.raises(InvalidField, match="layers are 0 to 3"):
        fit(style, space="w", layers=[9])
    with pytest.raises(InvalidField, match="channels belong to"):
        fit(style, space="w", channels=["1"])
    with pytest.raises(InvalidField, match="channels of s are 0 to"):
        fit(style, space="s", channels=["5-4000"])


def test_unknown_criterions_name_the_known_ones() -> None:
    with pytest.raises(InvalidField, match="appearance, colour"):
        fit(linear_world(), wanted=["taste"])
    with pytest.raises(InvalidField, match="no scorer is called 'z': there are a, b, c"):
        fit(linear_world(), wanted=["score:z"])
    with pytest.raises(NeedsUnmet, match="segmenter or a landmarker"):
        fit(linear_world(), wanted=["pixels:mouth"])
    with pytest.raises(InvalidField, match=r"parameter wanted\.0"):
        fit(linear_world(), wanted=["pixels:a@b@c"])
