"""What the bench of costs computes: medians in turns, errors, shared rankings, and its rivals."""

from itertools import count

import numpy as np
import pytest
import torch

from directrix.criterions import Scene, parse
from directrix.criterions.chart import Chart
from directrix.criterions.probe import Probe
from directrix.metrics import measure_sensitivity
from directrix.population import coordinate_deviation
from directrix.rendering.near_scoring import NearScoring
from directrix.types import Latent, Space
from tests.benchmarks.cost_clock import CountedPredictor, race
from tests.benchmarks.cost_ice import Rivals, relative_errors
from tests.benchmarks.cost_sweep import Sweep, same_ranking
from tests.contract.toys import style_world


def test_rivals_take_turns_and_the_median_counts() -> None:
    order: list[str] = []
    squares = (float(n * n) for n in count())
    runs = {name: lambda name=name: order.append(name) or name for name in ("a", "b")}
    seconds, results = race(runs, 3, lambda: next(squares))
    assert order == ["a", "b"] * 3
    # The clock tells 0 1 4 9 16 25 ...: a takes 1, 9, 17 and b 5, 13, 21.
    assert seconds == {"a": 9.0, "b": 13.0}
    assert results == {"a": "a", "b": "b"}


def test_relative_errors_of_matrices() -> None:
    wanted = np.stack([np.eye(2), 4 * np.eye(2)])
    found = np.stack([np.eye(2), 5 * np.eye(2)])
    assert relative_errors(found, wanted) == pytest.approx([0, 0.25])


def test_the_share_of_the_first_coordinates_in_common() -> None:
    first = np.array([[3.0, 0], [2, 1], [1, 2], [0, 3]])
    second = np.array([[3.0, 3], [0, 2], [2, 1], [1, 0]])
    assert same_ranking(first, first, 2) == 1
    assert same_ranking(first, second, 2) == pytest.approx(0.25)


def test_all_ways_give_the_same_gram_matrices() -> None:
    problem = style_world().problem()
    chart = Chart.of(problem, "w", (), (), "euclidean")
    scene = Scene(problem.networks, np.ones(3))
    made = tuple(parse(text, scene) for text in ("pixels", "score:a", "score:~a"))
    probe = Probe(problem.generator, chart.home, chart.tangents, made)
    point = chart.point(0, np.zeros(len(chart.tangents)))
    rivals = Rivals(probe)
    ours = probe.grams(point)
    assert relative_errors(rivals.torch_func(point), ours).max() < 1e-4
    approx, *direct = relative_errors(rivals.published(point), ours)
    assert approx < 5e-2
    assert max(direct) < 1e-4


def test_all_ways_give_the_same_importance() -> None:
    world, deltas = style_world(), (-2.0, 2.0)
    points = world.renderer.sample(0, 0, 3, Space.W).values
    spread = coordinate_deviation(world.generator, Space.W)
    sweep = Sweep(world.generator, world.predictor, Space.W, points, spread, deltas)
    few = np.array([1, 6])
    published = sweep.published(few)
    assert sweep.torch_func(few, 5) == pytest.approx(published, rel=2e-2)
    score, digest = NearScoring(world.generator, [world.predictor]), world.generator.card.digest
    base = score(Latent(Space.W, digest, points))
    for coordinate, wanted in zip(few, published, strict=True):
        moved = np.repeat(points[None], len(deltas), 0)
        moved[:, :, coordinate] += np.array(deltas, np.float32)[:, None] * spread[coordinate]
        scores = np.stack([score(Latent(Space.W, digest, rows)) for rows in moved])
        told = measure_sensitivity(np.array(deltas), base, scores)
        assert told.importance == pytest.approx(wanted, rel=2e-2)


def test_calls_are_counted() -> None:
    predictor = CountedPredictor(style_world().predictor)
    predictor.scores(torch.zeros(2, 1, 8, 8))
    assert predictor.calls == 1
