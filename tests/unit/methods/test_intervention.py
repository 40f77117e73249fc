"""Sequential correlation analysis on linear toys, where every figure is known by hand."""

from collections.abc import Mapping

import numpy as np
import pytest

from directrix import methods
from directrix.archive import finding_set_digest
from directrix.errors import Cancelled, InvalidField, NeedsUnmet
from directrix.methods.intervention import CALL, SequentialIntervention
from directrix.population import deviation
from directrix.types import FindingSet, Latent, Operation, Space
from tests.contract.toys import DIMENSION, World, linear_world, prior, style_world

READING = np.array([[0.9, 0.0, -0.6, 0.0, 0.3, 0, 0, 0], [0, 0.5, 0, 0, 0, -0.5, 0, 0.1]])


class Counting:
    """A score of z that is exact: readings . z, and how it was called."""

    def __init__(self, readings: np.ndarray = READING):
        self.readings, self.sizes = readings, []

    def __call__(self, latents: Latent) -> np.ndarray:
        self.sizes.append(len(latents))
        return (latents.values @ self.readings.T).astype(np.float32)


class Saving:
    def __init__(self, until: int = 10**9):
        self.state: Mapping[str, np.ndarray] | None = None
        self.saves, self.until = 0, until

    def load(self) -> Mapping[str, np.ndarray] | None:
        return self.state

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        self.state, self.saves = dict(state), self.saves + 1
        if self.saves == self.until:
            raise Cancelled("stop")


@pytest.fixture(scope="module")
def world() -> World:
    return linear_world(READING)


def fit(world: World, score: object = None, checkpoint: object = None, **params) -> FindingSet:
    method = SequentialIntervention(methods.parse("intervention", {"samples": 8} | params))
    return method.fit(world.problem(score=score or Counting(), checkpoint=checkpoint))


def test_the_controlling_set_is_the_support_in_order_of_importance(world: World) -> None:
    findings = fit(world, rule="mass", mass=0.99)
    assert findings.hints == ("a", "b")
    first, second = findings.findings
    assert first.coordinates.tolist() == [0, 2, 4]
    assert first.values.tolist() == [1, -1, 1]
    assert second.coordinates.tolist()[2:] == [7]
    assert set(second.coordinates.tolist()[:2]) == {1, 5}
    assert dict(zip(second.coordinates, second.values, strict=True)) == {1: 1, 5: -1, 7: 1}


def test_rules(world: World) -> None:
    assert fit(world, top_k=2).findings[0].coordinates.tolist() == [0, 2]
    assert fit(world, rule="mass", mass=0.45).findings[0].coordinates.tolist() == [0]
    assert fit(world, rule="threshold", threshold=0.5).findings[0].coordinates.tolist() == [0, 2]
    assert len(fit(world, top_k=4096).findings[0].coordinates) == DIMENSION


def test_adding_is_in_sd_of_the_coordinate() -> None:
    world = linear_world(np.eye(DIMENSION)[:1], w_dim=DIMENSION)
    (finding,) = fit(world, score=world.renderer.score, top_k=1).findings
    assert (finding.space, finding.operation) == (Space.W, Operation.ADD)
    assert finding.coordinates.tolist() == [0]
    wanted = deviation(world.generator, Space.W, np.eye(DIMENSION))[0]
    assert finding.values[0] == pytest.approx(wanted)


def test_setting_reaches_the_farthest_value_tried(world: World) -> None:
    finding = fit(world, mode="set", deltas=[-2, 2], top_k=2).findings[0]
    assert finding.operation is Operation.SET
    assert finding.values.tolist() == [2, -2]


def test_scaling_counts_factors(world: World) -> None:
    finding = fit(world, mode="scale", deltas=[-0.5, 0.5, 1], top_k=1).findings[0]
    assert finding.operation is Operation.SCALE
    assert finding.coordinates.tolist() == [0]
    assert abs(finding.values[0]) == 1


def test_all_scorers_share_the_forward_passes_in_large_calls(world: World) -> None:
    score = Counting()
    fit(world, score=score, samples=64)
    assert score.sizes == [64, CALL, CALL]
    assert sum(score.sizes) == 64 + DIMENSION * 4 * 64


def test_no_call_is_larger_than_the_limit(world: World) -> None:
    score = Counting()
    fit(world, score=score, samples=700)
    assert score.sizes == [700, *([1024, 1024, 752] * DIMENSION)]


def test_chosen_scorers_and_unknown_ones(world: World) -> None:
    assert fit(world, scorers=["b"]).hints == ("b",)
    with pytest.raises(InvalidField, match="a, b"):
        fit(world, scorers=["z"])


def test_greedy_keeps_what_it_accepted_until_the_gain_is_small(world: World) -> None:
    """Linear scores: the gains of the best deltas are 2.7, 1.8, .9 of an SD of about 1.1."""
    findings = fit(world, greedy=True, tau=0.1, samples=32)
    assert findings.findings[0].coordinates.tolist() == [0, 2, 4]
    assert findings.findings[0].values.tolist() == [1, -1, 1]
    deviations = (prior(world, 3, 32) @ READING.T).std(0)
    between = (1.8 + 0.9) / 2 / deviations[0]
    two = fit(world, greedy=True, tau=float(between), samples=32).findings[0]
    assert two.coordinates.tolist() == [0, 2]
    assert len(fit(world, greedy=True, steps=1).findings[0].coordinates) == 1


def test_greedy_keeps_the_proportions_of_what_it_accepted(world: World) -> None:
    class Peaked(Counting):
        """Best at z_0 = 1.5 more, z_2 as low as possible."""

        def __call__(self, latents: Latent) -> np.ndarray:
            base = prior(world, 3, 8)
            moved = latents.values - np.tile(base, (len(latents) // 8, 1))
            return (-np.square(moved[:, :1] - 1.5) - moved[:, 2:3] * [[1.0, 1.0]]).astype("f4")

    finding = fit(world, score=Peaked(), greedy=True, tau=0, steps=2, scorers=["a"]).findings[0]
    assert dict(zip(finding.coordinates, finding.values, strict=True)) == {0: 0.5, 2: -1}


@pytest.mark.parametrize("greedy", [False, True])
def test_resumes_at_every_step_with_the_same_result(world: World, greedy: bool) -> None:
    params = {"samples": 256, "greedy": greedy, "steps": 3}
    whole = Saving()
    wanted = finding_set_digest(fit(world, checkpoint=whole, **params))
    assert whole.saves > DIMENSION
    for until in range(1, whole.saves + 1, 1 if not greedy else 7):
        broken = Saving(until)
        with pytest.raises(Cancelled):
            fit(world, checkpoint=broken, **params)
        resumed, score = Saving(), Counting()
        resumed.state = broken.state
        again = fit(world, score=score, checkpoint=resumed, **params)
        assert finding_set_digest(again) == wanted
        assert len(score.sizes) == whole.saves - until


def test_base_latents_of_a_source_class() -> None:
    world = linear_world(READING)
    seen = []

    def score(latents: Latent) -> np.ndarray:
        seen.append(latents.values)
        return Counting()(latents)

    fit(world, score=score, source="b", samples=16)
    moved_base = seen[1][: 16 * 4].reshape(4, 16, DIMENSION)[:, :, 1:]
    scores = prior(world, 3, CALL) @ READING.T
    wanted = prior(world, 3, CALL)[scores.argmax(1) == 1][:16]
    for block in moved_base:
        assert np.array_equal(block, wanted[:, 1:])


def test_a_class_that_never_wins_is_refused() -> None:
    world = linear_world(READING)

    def score(latents: Latent) -> np.ndarray:
        return np.tile(np.float32([1.0, 0.0]), (len(latents), 1))

    with pytest.raises(NeedsUnmet, match="only 0 of 800 latents are of class 'b'"):
        fit(world, score=score, source="b")
    with pytest.raises(InvalidField) as caught:
        fit(world, source="nobody")
    assert caught.value.field == "parameters.source"


def test_probabilities_are_softmax_of_the_logits(world: World) -> None:
    """A third scorer that is constant gets a probability that moves with the others."""
    readings = np.concatenate([READING[:1], np.zeros((1, 8))])
    two = linear_world(readings)
    plain = fit(two, score=Counting(readings), top_k=1).findings[1]
    probable = fit(two, score=Counting(readings), top_k=1, measure="probability").findings[1]
    assert plain.coordinates.tolist() == [0]  # nothing moves it: the first one by default
    assert probable.coordinates.tolist() == [0]
    assert plain.values.tolist() == [1]
    assert probable.values.tolist() == [-1]


def test_log_odds_of_two_classes_are_the_difference_of_their_logits(world: World) -> None:
    """Of b in the world: reading b - reading a, so a's strongest coordinate comes first."""
    finding = fit(world, top_k=1, measure="log_odds").findings[1]
    assert finding.coordinates.tolist() == [0]
    assert finding.values.tolist() == [-1]


def test_the_analysis_is_in_proportion_to_the_readings(world: World) -> None:
    """Scores are linear: importance is the largest delta times |reading|."""
    method = SequentialIntervention(methods.parse("intervention", {"samples": 8}))
    analysis = method.analyse(world.problem(score=Counting()))
    assert analysis.labels == ("a", "b")
    assert analysis.importance == pytest.approx(3 * np.abs(READING.T), abs=1e-5)
    moved = READING.T != 0
    assert np.array_equal(analysis.signs[moved], np.sign(READING.T)[moved])


def test_coordinates_of_the_style_space() -> None:
    world = style_world()
    method = SequentialIntervention(methods.parse("intervention", {"samples": 4, "space": "s"}))
    finding = method.fit(world.problem()).findings[0]
    assert finding.space is Space.S
    assert finding.coordinates.max() < world.generator.dimension(Space.S)
