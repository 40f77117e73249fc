"""Scorecards come back as they went; errors come back as the class that they were."""

import pytest

from directrix import errors
from directrix.types import FindingScore, MatchedScore, Scorecard, ScorerRef
from directrix.wire.errors import error_from_proto, error_to_proto, reasons
from directrix.wire.scorecards import scorecard_from_proto, scorecard_to_proto, scores_to_proto

CARD = Scorecard(
    finding_set="f",
    generator="g",
    scorers=(ScorerRef(predictor="p", scorer="a", deviation=2.0),
             ScorerRef(predictor="p", scorer="b", deviation=0.5)),
    alphas=(-3.0, 0.0, 3.0),
    seed=2**50,
    samples=128,
    random_floor_sd=0.3,
    random_findings=20,
    findings=(
        FindingScore(
            index=1, target="b", sign=-1, effect_sd=4.0, effects_sd=(0.5, -4.0),
            side_effect_sd=0.5, readable=0.75, monotonicity=0.9,
            curve_sd=((0.25, 2.0), (0.0, 0.0), (-0.25, -2.0)), interval_sd=(3.5, 4.5),
            calibration_sd=(2.0, 0.0, -2.0), linearity=0.75, unit=0.5, safe=(-3.0, 1.5),
            matched=(
                MatchedScore(
                    change_sd=1.0, reached=0.9, alpha=-1.25, dependency_mean_sd=0.2,
                    dependency_mean_interval_sd=(0.1, 0.3), dependency_max_sd=0.5,
                    dependency_max_interval_sd=(0.4, 0.6), effects_sd=(0.25, 1.0), frechet=0.0,
                    identity=0.8, log_density=-0.5, norm_ratio=1.1, area=0.3,
                ),
                MatchedScore(change_sd=2.0, reached=0.1),
            ),
        ),
    ),
    independent=True, matched_samples=64, features="p", embedder="e", strangers=0.0,
)  # fmt: skip


def test_a_scorecard_comes_back_the_same():
    message = scorecard_to_proto(CARD, "projects/p/findingSets/f")
    assert message.finding_set == "projects/p/findingSets/f"
    assert [point.alpha for point in message.findings[0].curve] == [-3.0, 0.0, 3.0]
    assert (message.findings[0].effect_low_sd, message.findings[0].effect_high_sd) == (3.5, 4.5)
    assert scorecard_from_proto(message, "f") == CARD


def test_scores_go_by_name():
    message = scores_to_proto("projects/p/models/m", ("a", "b"), (1.5, -2.0))
    assert message.predictor == "projects/p/models/m"
    assert dict(message.values) == {"a": 1.5, "b": -2.0}


def classes(root: type[errors.DirectrixError]) -> list[type[errors.DirectrixError]]:
    return [root, *(each for child in root.__subclasses__() for each in classes(child))]


@pytest.mark.parametrize("kind", classes(errors.DirectrixError)[1:])
def test_every_error_comes_back_as_its_class(kind):
    again = error_from_proto(error_to_proto(kind("what happened", name="n")))
    assert type(again) is kind
    assert again.message == "what happened"
    assert again.metadata["name"] == "n"


def test_reasons_are_told_apart():
    assert len(reasons()) == len(set(classes(errors.DirectrixError)[1:]))


def test_an_invalid_field_keeps_its_field():
    again = error_from_proto(error_to_proto(errors.InvalidField("no", field="a.b")))
    assert isinstance(again, errors.InvalidField)
    assert again.field == "a.b"


def test_foreign_errors_do_not_show_their_text():
    message = error_to_proto(OSError("/a/path/of/ours"))
    assert message.reason == "INTERNAL"
    assert "path" not in message.message


def test_an_unknown_reason_is_internal():
    message = error_to_proto(errors.QueueFull("full"))
    message.reason = "OF_A_NEWER_VERSION"
    assert type(error_from_proto(message)) is errors.Internal
