"""Probes and walks on toys: what is shared changes nothing, and walks hold what they should."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from directrix.criterions import Scene, parse
from directrix.criterions.chart import Chart
from directrix.criterions.local_walk import LocalWalk
from directrix.criterions.mirrored import Mirrored
from directrix.criterions.probe import Probe
from directrix.errors import InvalidField
from directrix.generators import linear as linear_generator
from directrix.jacobians import Route
from directrix.types import ImageCard, Space
from tests.contract import toy_ice
from tests.contract.toys import World, linear_world, style_world


def probe(world: World, space: str, *texts: str, route: Route | None = None) -> tuple[Chart, Probe]:
    problem = world.problem()
    chart = Chart.of(problem, space, (), (), "population")
    scene = Scene(problem.networks, np.ones(3))
    made = tuple(parse(text, scene) for text in texts)
    return chart, Probe(problem.generator, chart.home, chart.tangents, made, route)


@pytest.mark.parametrize("space", ["z", "w", "w+", "s"])
def test_all_routes_agree_in_every_space(space: str) -> None:
    texts = ("pixels", "score:a", "score:~a")
    chart, cheapest = probe(style_world(), space, *texts)
    point = chart.point(0, np.zeros(len(chart.tangents)))
    wanted = cheapest.jacobians(point)
    assert [len(rows) for rows in wanted] == [64, 1, 2]
    for route in (Route.JVP, Route.VJP):
        _, other = probe(style_world(), space, *texts, route=route)
        for mine, theirs in zip(wanted, other.jacobians(point), strict=True):
            assert mine == pytest.approx(theirs, abs=1e-4)


def test_gram_matrices_are_of_the_jacobians() -> None:
    chart, one = probe(linear_world(), "z", "score:a")
    point = chart.point(0, np.zeros(8))
    reading = linear_world().readings[0].astype(np.float64)
    assert one.grams(point)[0] == pytest.approx(np.outer(reading, reading), abs=1e-4)


def test_a_mirror_adds_what_is_read_there() -> None:
    """Score = B A u; of the mirrored picture it is B with its columns turned round, times A u."""
    world = linear_world()
    chart, own = probe(world, "z", "score:a", "pixels")
    both = replace(own, criterions=tuple(Mirrored(one) for one in own.criterions))
    matrix, reader = toy_ice.matrices(world)
    turned = reader.reshape(-1, 8, 8)[:, :, ::-1].reshape(reader.shape)
    slopes = reader[0] @ matrix, turned[0] @ matrix
    point = chart.point(0, np.zeros(8))
    score, pixels = both.grams(point)
    assert score == pytest.approx(sum(np.outer(s, s) for s in slopes) / 2, abs=1e-4)
    assert np.abs(score - np.outer(slopes[0], slopes[0])).max() > 0.01
    assert pixels == pytest.approx(own.grams(point)[1], abs=1e-3)


def test_a_stride_tells_what_changed_on_the_way() -> None:
    """Along the move the change itself; for a tilt of it, what the end's Jacobian adds."""
    chart, own = probe(style_world(), "w", "pixels", "score:a")
    start, move = chart.point(0, np.zeros(8)), np.linspace(-2.0, 2.0, 8)
    tilt = np.roll(move, 1) - move * (np.roll(move, 1) @ move) / (move @ move)

    def seen(offset: np.ndarray) -> list[np.ndarray]:
        image = own.generator.synthesise(chart.point(0, offset)[None], chart.home)
        base = own.generator.synthesise(start[None], chart.home)[0]
        return [c.at(base)(image)[0].double().numpy() for c in own.criterions]

    rows = own.strides(start, move)
    ends = own.jacobians(chart.point(0, move))
    plain = own.jacobians(start)
    for there, end, here, after, before in zip(
        rows, ends, plain, seen(move), seen(0 * move), strict=True
    ):
        assert there @ move == pytest.approx(after - before, abs=1e-5)
        assert there @ tilt == pytest.approx(end @ tilt, abs=1e-5)
        assert np.abs(here @ move - (after - before)).max() > 1e-2
    assert own.stride_grams(start, move)[1] == pytest.approx(rows[1].T @ rows[1])


def test_a_stride_refuses_sketches() -> None:
    image = ImageCard(channels=1, height=20, width=20)
    card = linear_generator.card("wide", image, 2)
    arrays = {"A": np.eye(400, 2, dtype=np.float32), "b": np.zeros(400, np.float32)}
    generator = linear_generator.build(card, arrays, torch.device("cpu"))
    pixels = (parse("pixels", Scene((), np.zeros(0))),)
    for route, refused in ((Route.VJP, False), (Route.SKETCH, True)):
        wide = Probe(generator, Space.Z, torch.eye(2), pixels, route)
        with pytest.raises(InvalidField, match="400 outputs") if refused else nullcontext():
            wide.strides(torch.zeros(2), np.ones(2))


def test_the_population_metric_counts_in_sd() -> None:
    chart, _ = probe(style_world(), "w", "pixels")
    assert chart.root @ chart.root == pytest.approx(chart.covariance, rel=1e-3, abs=1e-6)
    columns = chart.unit(np.eye(8))
    assert np.linalg.norm(columns, axis=0) == pytest.approx(1)
    lifted = chart.lift(columns)
    assert chart.coordinates(lifted) == pytest.approx(columns.T)


def test_a_walk_holds_what_is_suppressed() -> None:
    """In a linear world it is straight: score a moves, b and c stay."""
    world = linear_world()
    chart, own = probe(world, "z", "score:a", "score:~a")
    walk = LocalWalk(chart, own, (1e-6,))
    start = chart.point(0, np.zeros(8))
    path = walk.path(start, world.readings[0].astype(np.float64), step=0.5, steps=4)
    moved = (path - start).numpy() @ world.readings.T
    assert moved[:, 0] == pytest.approx(np.arange(5) * 0.5, abs=1e-3)
    assert np.abs(moved[:, 1:]).max() < 1e-3
    back = walk.path(start, -world.readings[0].astype(np.float64), step=0.5, steps=4)
    assert (back - start).numpy() == pytest.approx(-(path - start).numpy(), abs=1e-4)


def test_a_walk_that_asks_again_holds_further_than_a_straight_one() -> None:
    world = style_world()
    chart, own = probe(world, "w", "score:a", "score:~a")
    walk = LocalWalk(chart, own, (1e-4,))
    start = chart.point(0, np.zeros(8))
    slope = own.jacobians(start)[0][0]
    path = walk.path(start, slope, step=0.25, steps=12)
    straight = start + 12 * (path[1] - path[0])

    def held(point: torch.Tensor) -> float:
        rows = torch.stack([start, point])
        scores = world.predictor.scores(world.generator.synthesise(rows, Space.W))
        change = (scores[1] - scores[0]).numpy()
        return float(np.abs(change[1:]).max() / np.abs(change[0]))

    assert held(path[-1]) < 0.5 * held(straight)
