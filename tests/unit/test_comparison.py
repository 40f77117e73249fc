"""One table over methods: what is picked, what is refused."""

import pytest

from directrix.comparison import Candidate, compare
from directrix.errors import InvalidField, ScorecardsDiffer
from directrix.types import FindingScore, MatchedScore, Provenance, Scorecard, ScorerRef
from directrix.wire.comparisons import comparison_from_proto, comparison_to_proto


def score(index: int, target: str, effect: float, dependency: float | None) -> FindingScore:
    reached = dependency is not None
    return FindingScore(
        index=index,
        target=target,
        sign=1,
        effect_sd=effect,
        effects_sd=(effect, 0.0),
        side_effect_sd=0.0,
        monotonicity=1.0,
        curve_sd=((-1.0, 0.0), (0.0, 0.0), (1.0, 0.0)),
        interval_sd=(0.0, 9.0),
        matched=(
            MatchedScore(
                change_sd=1.0,
                reached=1.0 if reached else 0.2,
                alpha=0.5 if reached else None,
                dependency_mean_sd=dependency,
            ),
        ),
    )


def candidate(name: str, *scores: FindingScore, **changes: object) -> Candidate:
    fields = {
        "finding_set": name,
        "generator": "g",
        "scorers": tuple(ScorerRef(predictor="p", scorer=s, deviation=1.0) for s in "ab"),
        "independent": True,
        "alphas": (-1.0, 0.0, 1.0),
        "seed": 1,
        "samples": 8,
        "random_floor_sd": 0.5,
        "random_findings": 20,
        "findings": scores,
    }
    provenance = Provenance(method=name, version="1", generator="g")
    return Candidate(name, provenance, ("w",), Scorecard(**(fields | changes)))


FIRST = candidate(
    "first", score(0, "a", 3, 0.4), score(1, "a", 2, 0.1), score(2, "none", 0, None),
    score(3, "b", 1, None), score(4, "b", 2, None),
)  # fmt: skip
SECOND = candidate("second", score(0, "a", 3, 0.3), seed=2)


def test_the_best_of_every_target_is_the_one_with_the_least_dependency() -> None:
    found = compare([FIRST, SECOND])
    first, second = found.sets
    assert [(s.target, s.index) for s in first.best] == [("a", 1), ("b", 4)]
    assert [(s.target, s.index) for s in second.best] == [("a", 0)]
    assert first.on("b").index == 4 and second.on("b") is None
    assert found.targets == ("a", "b")


def test_medians_are_over_the_named_findings_that_reach_the_change() -> None:
    first = compare([FIRST]).sets[0]
    assert (first.findings, first.named) == (5, 4)
    (medians,) = first.medians
    assert (medians.change_sd, medians.reached) == (1.0, 0.5)
    assert medians.dependency_mean_sd == 0.25
    assert medians.identity is None


def test_a_comparison_comes_back_the_same() -> None:
    found = compare([FIRST, SECOND])
    assert comparison_from_proto(comparison_to_proto(found)) == found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generator": "h"}, "generators"),
        ({"scorers": (ScorerRef(predictor="q", scorer="a", deviation=1.0),)}, "judges"),
        ({"alphas": (-2.0, 0.0, 2.0)}, "strengths"),
        ({"samples": 9}, "latents"),
        ({"embedder": "e"}, "embedders"),
    ],
)
def test_what_was_measured_otherwise_is_not_compared(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ScorecardsDiffer, match=words):
        compare([FIRST, candidate("other", **changes)])


def test_nothing_is_not_compared() -> None:
    with pytest.raises(InvalidField):
        compare([])
