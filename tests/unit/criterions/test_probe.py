"""Probes and walks on toys: what is shared changes nothing, and walks hold what they should."""

import numpy as np
import pytest
import torch

from directrix.criterions import Scene, parse
from directrix.criterions.chart import Chart
from directrix.criterions.local_walk import LocalWalk
from directrix.criterions.probe import Probe
from directrix.jacobians import Route
from directrix.types import Space
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
