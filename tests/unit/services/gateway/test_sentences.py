"""Explanations in words."""

from directrix.types import NONE, FindingScore, Scorecard
from directrix.v1 import explanation_service_pb2 as pb
from directrix.v1 import values_pb2
from services.gateway.sentences import sentence

Response = pb.ExplainImageResponse


def found(*moved: tuple[int, float], status: int = Response.STATUS_FOUND) -> Response:
    return Response(
        status=status,
        source_class="boot",
        target_class="sneaker",
        probability_before=0.021,
        probability_after=0.953,
        moved=[Response.MovedFinding(index=i, alpha=a) for i, a in moved],
    )


def card(*named: tuple[int, str, int]) -> Scorecard:
    findings = tuple(
        FindingScore(
            index=index,
            target=target,
            sign=sign,
            effect_sd=2.0,
            effects_sd=(2.0,),
            side_effect_sd=0.0,
            monotonicity=1.0,
            curve_sd=(),
            interval_sd=(1.0, 3.0),
        )
        for index, target, sign in named
    )
    return Scorecard(
        finding_set="f",
        generator="g",
        scorers=(),
        alphas=(),
        seed=0,
        samples=2,
        random_floor_sd=0.5,
        random_findings=1,
        findings=findings,
    )


def test_findings_by_their_names_and_the_way_their_targets_go():
    told = sentence(found((9, -0.4)), card((9, "boot", 1)))
    assert told == (
        'It says boot; it would say sneaker if "boot" (finding 9) fell by 0.40 SD (2% -> 95%).'
    )
    turned = sentence(found((9, -0.4)), card((9, "boot", -1)))
    assert '"boot" (finding 9) rose by 0.40 SD' in turned


def test_without_a_name_by_number_largest_first():
    told = sentence(found((1, 0.2), (4, -1.5)), card((1, NONE, 1)))
    assert "if finding 4 fell by 1.50 SD and finding 1 rose by 0.20 SD (" in told
    assert sentence(found((1, 0.2), (4, -1.5)), None) == told


def test_many_are_counted():
    told = sentence(found(*((i, 1.0 + i) for i in range(6))), None)
    assert told.count("finding") == 3 and "and 3 more (" in told


def test_other_endings():
    assert sentence(found(status=Response.STATUS_ALREADY_TARGET), None) == "It says boot already."
    nothing = sentence(found(status=Response.STATUS_NOT_FOUND), None)
    assert nothing == "It says boot, and nothing that was allowed makes it say sneaker."
    tried = sentence(found((2, 6.0), status=Response.STATUS_NOT_FOUND), None)
    assert tried.endswith("The nearest that was tried: finding 2 rose by 6.00 SD.")


def test_channels_and_latents_are_told_by_their_place():
    channel = Response.MovedFinding(
        index=70, alpha=-1.5, space=values_pb2.SPACE_S, layer="b8_conv0", channel=6
    )
    response = found()
    response.moved.append(channel)
    assert "if channel 6 of b8_conv0 fell by 1.50 SD (" in sentence(response, None)
    whole = found()
    whole.moved.append(Response.MovedFinding(alpha=2.0, space=values_pb2.SPACE_W))
    assert "if its latent in w moved by 2.00 SD (" in sentence(whole, None)
