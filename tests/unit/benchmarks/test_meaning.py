"""What the benchmark of meaning computes: the attack at its shortest, verdicts, its questions."""

import numpy as np
import pytest
import torch

from directrix.predictors import linear
from directrix.predictors.linear import LinearPredictor
from directrix.rendering.pixels import from_pixels, to_pixels
from directrix.types import ImageCard
from tests.benchmarks.bench_meaning import FIRST, first_of_each
from tests.benchmarks.explain_questions import BOTH_WAYS, EACH, Asked
from tests.benchmarks.meaning_measures import Seen
from tests.benchmarks.pixel_attack import PixelAttack
from tests.benchmarks.tables import _table

WANTED = 0.95


def classifier() -> LinearPredictor:
    """Two classes of 8 x 8 pictures, by a seeded plane."""
    rows = torch.randn((2, 64), generator=torch.Generator().manual_seed(3)) / 8
    card = linear.card("plane", ImageCard(channels=1, height=8, width=8), ("a", "b"))
    return LinearPredictor(card, rows, torch.zeros(2), torch.device("cpu"))


def pictures(count: int) -> np.ndarray:
    values = torch.rand((count, 1, 8, 8), generator=torch.Generator().manual_seed(4)) - 0.5
    return to_pixels(values).numpy()


def test_the_attack_is_the_straight_way_to_the_plane_at_the_probability() -> None:
    plane, images = classifier(), pictures(6)
    margins = np.diff(_scores(plane, images))[:, 0]
    targets = np.where(margins > 0, 0, 1)
    attacked = PixelAttack()(plane, images, targets, WANTED)
    gradient = (plane._matrix[1] - plane._matrix[0]).norm().item()
    lengths = (np.abs(margins) + np.log(WANTED / (1 - WANTED))) / gradient
    moved = (attacked.images.astype(float) - images) / 127.5
    assert np.sqrt(np.square(moved).sum((1, 2, 3))) == pytest.approx(lengths, rel=0.02)
    chances = _chances(plane, attacked.images)[np.arange(6), targets]
    assert (chances >= WANTED).all()
    assert chances == pytest.approx(WANTED, abs=0.005)
    assert (attacked.calls > PixelAttack().halvings).all()


def test_an_attack_that_runs_out_of_steps_says_where_it_came() -> None:
    plane, images = classifier(), pictures(3)
    targets = (np.diff(_scores(plane, images))[:, 0] < 0).astype(int)
    attacked = PixelAttack(steps=2)(plane, images, targets, WANTED)
    rows = np.arange(3)
    before, after = (_chances(plane, p)[rows, targets] for p in (images, attacked.images))
    assert ((before < after) & (after < WANTED)).all()
    assert attacked.calls.tolist() == [2, 2, 2]


def test_no_oracle_agrees_with_what_does_not_reach_the_probability() -> None:
    target, logits = np.array([1, 1, 0]), np.array([[0.0, 1], [0, 1], [0, 1]])
    none = np.zeros_like(logits)
    chance, wins = np.array([0.96, 0.9, 0.99]), np.array([True, True, True])
    seen = Seen(1 - target, target, chance, wins, none, logits, none, logits, wins)
    assert seen.valid.tolist() == [True, False, True]
    assert seen.robust.tolist() == seen.oracle.tolist() == [True, False, False]


def test_the_first_questions_of_every_pair_are_asked() -> None:
    every = [Asked(a, b, i) for a, b in BOTH_WAYS for i in range(EACH)]
    asked = first_of_each(every)
    assert [a.index for a in asked] == list(range(FIRST)) * len(BOTH_WAYS)
    assert list(dict.fromkeys((a.source, a.target) for a in asked)) == list(BOTH_WAYS)


def test_figures_side_by_side_are_a_table_of_the_page() -> None:
    figure = {"name": "x", "value": 1.0, "unit": "", "target": None, "holds": None, "n": 1}
    table = {"columns": ["measure", "ours"], "rows": [["validity", 0.98765], ["moved", None]]}
    settings = {"machine": {"cores": 2}}
    page = _table({"benchmark": "b", "figures": [figure], "tables": [table], "settings": settings})
    wanted = ["| measure | ours |", "|---|---|", "| validity | 0.988 |", "| moved |  |", ""]
    assert page.split("\n")[-5:] == wanted


def _scores(plane: LinearPredictor, images: np.ndarray) -> np.ndarray:
    return plane.scores(from_pixels(torch.from_numpy(images))).numpy()


def _chances(plane: LinearPredictor, images: np.ndarray) -> np.ndarray:
    powers = np.exp(_scores(plane, images))
    return powers / powers.sum(1, keepdims=True)
