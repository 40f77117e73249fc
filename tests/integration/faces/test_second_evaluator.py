"""The second evaluator runs, reads faces as Directrix does, and confirms what SeFa finds."""

import numpy as np
import pytest
import torch

from directrix.methods.sefa import SeFa
from tests.benchmarks.second_evaluator import SecondEvaluator
from tests.integration.faces.files import KEPT, faces, load_generator
from tests.integration.faces.world import FaceWorld, Shown

QUICK = ("facemesh", "emotion")


@pytest.fixture(scope="module")
def world() -> FaceWorld:
    return FaceWorld()


def seen(judge: SecondEvaluator, shown: Shown) -> dict[str, np.ndarray]:
    return judge.scores(shown.images.transpose(0, 3, 1, 2) / np.float32(127.5) - 1)


def test_both_evaluators_order_faces_alike(world):
    shown = world.show(4, range(64))
    with SecondEvaluator(KEPT, QUICK) as judge:
        second = seen(judge, shown)
    for name, least in (("yaw", 0.8), ("mouth-open", 0.6), ("smile", 0.4), ("happy", 0.4)):
        first = shown.scores[shown.believable, world.column(name)]
        correlation = np.corrcoef(first, second[name][shown.believable])[0, 1]
        assert correlation > least, name


def test_the_first_component_of_sefa_turns_the_head_by_both(world):
    (ref, *_) = world.keep(SeFa().fit(world.problem(None, seed=0)))
    low, high = (world.show(4, range(16), ref, alpha) for alpha in (-3, 3))
    kept = low.believable & high.believable
    first = (high.scores - low.scores)[kept, world.column("yaw")]
    with SecondEvaluator(KEPT, ("facemesh",)) as judge:
        second = (seen(judge, high)["yaw"] - seen(judge, low)["yaw"])[kept]
    assert kept.sum() >= 8
    assert (np.sign(first) == np.sign(second)).all()
    assert min(abs(first.mean()), abs(second.mean())) > 25  # degrees


def test_answers_do_not_depend_on_companions_and_age_is_in_years():
    images = faces(load_generator(), 4, 18).numpy()
    with SecondEvaluator(KEPT) as judge:
        together, alone = judge.scores(images), judge.scores(images[17:])
    assert set(together) >= {"yaw", "smile", "happy", "male", "age"}
    for name, values in together.items():
        assert values[17] == pytest.approx(alone[name][0], rel=1e-3, abs=1e-3), name
    assert 10 < together["age"].min() < together["age"].max() < 80


def test_an_evaluator_that_cannot_start_says_so(tmp_path):
    images = torch.zeros(1, 3, 64, 64).numpy()
    with SecondEvaluator(tmp_path) as judge, pytest.raises((RuntimeError, BrokenPipeError)):
        judge.scores(images)
