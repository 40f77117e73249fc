"""The search on a linear generator, whose best directions are known by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from directrix.densities import linear
from directrix.population import latents
from directrix.traversal import (
    Changes,
    FeatureReader,
    Search,
    SearchSettings,
    Weights,
    changes,
    loss,
    principal_directions,
)
from directrix.traversal.forms import parametrise, settle, start
from directrix.types import Space
from tests.contract.toys import DIMENSION, linear_world, style_world

FORMS = ("free", "gram_schmidt", "exponential")


def search(form: str = "gram_schmidt", count: int = 3, **weights: float) -> Search:
    world = linear_world()
    reader = FeatureReader(world.generator, Space.Z, ["plane"])
    parts = {"variation": 1.0, "decorrelation": 1.0, "orthogonality": 1.0} | weights
    settings = SearchSettings(
        count=count,
        steps=400,
        form=form,
        weights=Weights(**parts),
        stride=3.0,
        batch=32,
        rate=0.03,
        per_channel=False,
    )
    spreads = [torch.full((1, 1, 1, 1), 0.25)]
    return Search(reader, linear, draw, spreads, 1.0, settings, seed=1)


def world_axes() -> np.ndarray:
    """Orthonormal rows [d, d]."""
    return np.linalg.qr(np.random.default_rng(4).standard_normal((DIMENSION, DIMENSION)))[0]


def draw(first: int, count: int) -> torch.Tensor:
    return torch.from_numpy(latents(3, first, count, DIMENSION))


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_finds_the_strongest_axes(form: str) -> None:
    """|A g| is largest and (A g)(A h) is 0 for the right singular vectors."""
    work = search(form)
    found = work.directions(work.advance(work.begin(DIMENSION), 0, 400)).numpy()
    span = found @ linear_world().axes[:3].T
    assert np.linalg.norm(span, axis=1).min() > 0.98
    assert np.abs(span).max(1).min() > 0.95


@pytest.mark.parametrize("form", FORMS)
def test_directions_are_of_unit_length(form: str) -> None:
    chance = torch.Generator().manual_seed(0)
    raw = settle(form, start(form, 4, DIMENSION, chance))
    rows = parametrise(form, 4)(raw)
    assert rows.norm(dim=1).numpy() == pytest.approx(np.ones(4), abs=1e-5)
    if form != "free":
        assert (rows @ rows.T).numpy() == pytest.approx(np.eye(4), abs=1e-5)


def test_gram_schmidt_keeps_what_is_orthonormal() -> None:
    rows = settle("gram_schmidt", torch.randn((4, 8), generator=torch.Generator().manual_seed(1)))
    assert settle("gram_schmidt", rows).numpy() == pytest.approx(rows.numpy(), abs=1e-6)


def test_principal_directions_are_the_singular_vectors() -> None:
    """Of a linear generator, in their order, whatever the latents and the step's length."""
    world = linear_world()
    reader = FeatureReader(world.generator, Space.Z, ["plane"])
    spreads = [torch.full((1, 1, 1, 1), 0.25)]
    rows = principal_directions(reader, linear, draw(0, 3), spreads, length=2.0).numpy()
    assert rows @ rows.T == pytest.approx(np.eye(DIMENSION), abs=1e-5)
    assert np.abs(rows[:3] @ world.axes[:3].T) == pytest.approx(np.eye(3), abs=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_a_search_begins_with_the_basis_it_is_given(form: str) -> None:
    basis = torch.from_numpy(np.roll(world_axes(), 1, 0)).float()
    work = replace(search(form), basis=basis)
    begun = work.begin(DIMENSION)
    assert work.directions(begun).numpy() == pytest.approx(basis[:3].numpy(), abs=1e-5)
    after = work.directions(work.advance(begun, 0, 3)).numpy()
    assert np.linalg.norm(after - basis[:3].numpy()) > 0.01


def test_rounds_make_no_difference() -> None:
    work = search()
    begun = work.begin(DIMENSION)
    whole = work.advance(begun, 0, 8)
    parts = work.advance(work.advance(begun, 0, 3), 3, 8)
    assert np.array_equal(whole, parts)


def test_one_direction_alone_gives_numbers() -> None:
    """No pair of directions differs: the published loss is 0 / 0 there."""
    work = search(count=1)
    assert np.isfinite(work.advance(work.begin(DIMENSION), 0, 3)).all()


def test_measures_are_those_of_the_formula() -> None:
    work, world = search(), linear_world()
    directions = torch.from_numpy(world.axes[:3])
    measured = work.measure(directions, 0, 4, stride=2.0)
    matrix = world.generator.weights(Space.Z)[0].numpy()
    moved = 2.0 * matrix @ world.axes[:3].T / 0.25
    assert measured[:, 0] == pytest.approx(np.square(moved).mean(0), rel=1e-4)
    assert measured[:, 1:] == pytest.approx(np.eye(3), abs=1e-5)


def test_the_loss_is_the_papers() -> None:
    chance = torch.Generator().manual_seed(2)
    before = torch.randn((5, 2, 3, 3), generator=chance)
    after = [before + torch.randn(before.shape, generator=chance) for _ in range(2)]
    one, two = (changes([before], [a], [torch.ones(1, 2, 1, 1)]) for a in after)
    d, e = ((a - before).flatten(1) for a in after)
    different = torch.tensor([True, True, False, True, True])
    cosines = torch.cosine_similarity(d, e).square()[different].mean()
    rows = torch.eye(3, 4)
    rows[0, 1] = 0.5
    orthogonality = (rows @ rows.T - torch.eye(3)).square().mean()
    wanted = -2.0 * (d.square().mean() + e.square().mean()) + 3.0 * cosines + 4.0 * orthogonality
    told = loss(one, two, different, rows, Weights(2.0, 3.0, 4.0), per_channel=False)
    assert float(told) == pytest.approx(float(wanted), rel=1e-5)


def test_layers_count_alike_and_channels_one_by_one() -> None:
    small, large = torch.ones((1, 2, 1, 1)), 2.0 * torch.ones((1, 2, 4, 4))
    assert float(Changes([small, large]).variation()) == pytest.approx((1 + 4) / 2)
    half = small.clone()
    half[:, 1] = -1.0
    assert float(Changes([small]).squared_cosine(Changes([half]))) == pytest.approx(0)
    assert float(Changes([small]).squared_cosine(Changes([half]), True)) == pytest.approx(1)


def test_layers_are_read_in_the_generators_order() -> None:
    generator = style_world().generator
    names = [card.name for card in generator.card.layers]
    reader = FeatureReader(generator, Space.Z, [names[1], names[0]])
    assert reader.layers == (names[0], names[1])
    features = reader(draw(0, 3))
    assert [f.shape[0] for f in features] == [3, 3]
    spreads = reader.spread(draw(0, 64))
    assert all(s.shape == (1, 8, 1, 1) for s in spreads)
