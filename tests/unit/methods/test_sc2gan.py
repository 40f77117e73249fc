"""SC2GAN on the planted toy: leaks that are known, ablations, refusals."""

import numpy as np
import pytest

from directrix import methods
from directrix.discovery import Problem
from directrix.errors import InvalidField, NeedsUnmet, SpaceUnavailable
from directrix.methods.interfacegan import InterFaceGan
from directrix.methods.sc2gan import Sc2Gan
from directrix.types import Direction, Field, FindingSet, Space
from directrix.walks.fields import heading
from tests.contract.toys import style_world
from tests.unit.correction.correlated import correlated_world, leak


def fit(problem: Problem, **params: object) -> FindingSet:
    return Sc2Gan(methods.parse("sc2gan", params)).fit(problem)


def toy(**parts: object) -> Problem:
    return correlated_world().problem(**parts)


def leaks(findings: FindingSet) -> list[float]:
    return [leak(finding.vector, place) for place, finding in enumerate(findings.findings)]


def plain(problem: Problem) -> FindingSet:
    return InterFaceGan(methods.parse("interfacegan", {"learner": "logistic"})).fit(problem)


def test_the_planted_leak_is_corrected_with_a_tenth_of_low_density_samples() -> None:
    problem = toy()
    assert min(leaks(plain(problem))) > 0.7
    findings = fit(problem, share=0.1)
    assert max(leaks(findings)) < 0.1
    assert [finding.vector[place] > 0 for place, finding in enumerate(findings.findings)]
    assert findings.hints[0].startswith("a: side effects 0.")


@pytest.mark.parametrize("learner", ["svm", "logistic", "mean"])
def test_a_tenth_is_enough_for_refitted_learners_too(learner: str) -> None:
    findings = fit(toy(), learner=learner, correction="refit", share=0.1)
    assert max(leaks(findings)) < 0.25


@pytest.mark.parametrize("slopes", ["pooled", "common", "own"])
def test_any_slopes_correct_the_leak(slopes: str) -> None:
    assert max(leaks(fit(toy(), slopes=slopes, share=0.1, rounds=1))) < 0.1


@pytest.mark.parametrize("slopes", ["pooled", "common", "own"])
def test_any_slopes_correct_the_leak(slopes: str) -> None:
    assert max(leaks(fit(toy(), slopes=slopes, share=0.1, rounds=1))) < 0.1


@pytest.mark.parametrize("slopes", ["pooled", "common", "own"])
def test_any_slopes_correct_the_leak(slopes: str) -> None:
    assert max(leaks(fit(toy(), slopes=slopes, share=0.1, rounds=1))) < 0.1


@pytest.mark.slow
def test_a_field_is_corrected_too() -> None:
    problem = toy(count=1024)
    codes = problem.sample(3, 0, 50, Space.W).astype(np.float64)
    found = {}
    for correction in ("pairs", "refit"):
        finding = fit(problem, learner="field", correction=correction, rounds=1).findings[0]
        assert isinstance(finding, Field)
        mean = np.mean([heading(finding, code) for code in codes], 0)
        found[correction] = leak(mean)
    assert found["pairs"] < 0.25


@pytest.mark.parametrize("learner", ["svm", "logistic", "mean"])
def test_natural_samples_are_weighted_up(learner: str) -> None:
    findings = fit(toy(), samples="natural", learner=learner)
    assert "0 low-density samples" in findings.hints[0]
    assert leaks(findings)[0] < leaks(plain(toy()))[0] + 1e-6


def test_without_restoration_nothing_tells_the_two_apart() -> None:
    """The toy has no layers, so its edits leak, and none is accepted."""
    assert leaks(fit(toy(), restorations=0))[0] > 0.5
    assert leaks(fit(toy(), reproject=False))[0] > 0.5


@pytest.mark.slow
def test_spaces_of_a_layered_generator() -> None:
    problem = style_world().problem()
    shapes = {"auto": (4, 8), "w+": (4, 8), "w": (8,), "z": (8,)}
    for space, shape in shapes.items():
        findings = fit(problem, space=space, scorers=["b"], rounds=1, steps=2, share=0.3)
        (finding,) = findings.findings
        assert isinstance(finding, Direction)
        assert finding.vector.shape == shape
    (field,) = fit(problem, learner="field", scorers=["b"], rounds=1, steps=2).findings
    assert isinstance(field, Field)
    assert field.space is Space.W


def test_refusals() -> None:
    world = style_world()
    with pytest.raises(InvalidField, match="a, b, c"):
        fit(world.problem(), scorers=["z"])
    with pytest.raises(InvalidField, match="gradient field"):
        fit(world.problem(), space="w+", learner="field")
    with pytest.raises(SpaceUnavailable):
        fit(toy(), space="w+")
    with pytest.raises(NeedsUnmet, match="fraction"):
        fit(world.problem(), fraction=0.005)


def test_chosen_scorers_in_the_chosen_order() -> None:
    findings = fit(style_world().problem(), scorers=["c", "a"], rounds=1)
    assert [hint[0] for hint in findings.hints] == ["c", "a"]
