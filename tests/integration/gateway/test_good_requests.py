"""What a well-meant request gets, from the real gateway over a real replica."""

import hashlib
import io

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from PIL import Image

from directrix.archive import canonical_json, image_digest
from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import values_pb2 as pb
from directrix.v1.editing_service_pb2_grpc import EditingServiceStub
from directrix.v1.explanation_service_pb2_grpc import ExplanationServiceStub
from tests.integration.gateway.world import W_DIM, Scene


@pytest.fixture
def stub(live: Scene) -> EditingServiceStub:
    return EditingServiceStub(live.channel)


def recipe(live: Scene, seed: int = 1, **parts: object) -> pb.Recipe:
    return pb.Recipe(generator=live.toy.name, seed=pb.SeedSource(seed=seed), **parts)


def edit(live: Scene, **parts: object) -> editing.EditImageRequest:
    parts.setdefault("recipe", recipe(live))
    parts.setdefault("encoding", pb.ENCODING_RAW)
    return editing.EditImageRequest(**parts)


def test_an_edit_moves_the_score_by_what_was_planted(live: Scene, stub: EditingServiceStub) -> None:
    move = pb.Move(finding=pb.FindingRef(finding_set=live.findings, index=0), alpha=0.5)
    before = stub.EditImage(edit(live, predictors=[live.judge.name]), timeout=10)
    after = stub.EditImage(
        edit(live, recipe=recipe(live, moves=[move]), predictors=[live.judge.name]), timeout=10
    )
    a, b = (dict(answer.scores[0].values) for answer in (before, after))
    assert before.scores[0].predictor == live.judge.name
    assert b["a"] - a["a"] == pytest.approx(0.75, abs=0.08)
    assert b["b"] - a["b"] == pytest.approx(0.0, abs=0.08)


def test_an_edit_may_ask_for_a_change_of_its_target(live: Scene, stub: EditingServiceStub) -> None:
    """The scorecard says that 0.5 SD take a strength of 0.5; the answer repeats it."""
    finding = pb.FindingRef(finding_set=live.findings, index=0)
    asked, given = (
        stub.EditImage(edit(live, recipe=recipe(live, moves=[move])), timeout=10)
        for move in (pb.Move(finding=finding, change_sd=0.5), pb.Move(finding=finding, alpha=0.5))
    )
    assert list(asked.alphas) == list(given.alphas) == [0.5]
    assert asked.image.digest == given.image.digest


def test_the_digest_is_that_of_the_archive(live: Scene, stub: EditingServiceStub) -> None:
    raw = stub.EditImage(edit(live), timeout=10).image
    png = stub.EditImage(edit(live, encoding=pb.ENCODING_PNG), timeout=10).image
    pixels = np.frombuffer(raw.data, np.uint8).reshape(8, 8, 1)
    assert raw.digest == png.digest == image_digest(pixels)
    assert (np.asarray(Image.open(io.BytesIO(png.data))) == pixels[:, :, 0]).all()
    head = canonical_json(["|u1", [8, 8, 1]]) + b"\0"
    assert raw.digest == hashlib.sha256(head + raw.data).hexdigest()


def test_every_answer_names_its_request(live: Scene, stub: EditingServiceStub) -> None:
    _, call = stub.EditImage.with_call(edit(live), timeout=10)
    request_id = dict(call.trailing_metadata())["directrix-request-id"]
    line = next(line for line in live.log.getvalue().splitlines() if request_id in line)
    assert '"rpc": "/directrix.v1.EditingService/EditImage"' in line
    assert '"code": "OK"' in line


def test_a_filmstrip_has_its_frames_in_order(live: Scene, stub: EditingServiceStub) -> None:
    alphas = [-2.0, -1.0, 0.0, 1.0, 2.0]
    answer = stub.RenderFilmstrip(
        editing.RenderFilmstripRequest(
            recipe=recipe(live),
            finding=pb.FindingRef(finding_set=live.findings, index=0),
            alphas=alphas,
            predictors=[live.judge.name],
            encoding=pb.ENCODING_RAW,
        ),
        timeout=10,
    )
    assert [frame.alpha for frame in answer.frames] == alphas
    scores = [frame.scores[0].values["a"] for frame in answer.frames]
    assert scores == sorted(scores)
    assert answer.frames[2].image.data == stub.EditImage(edit(live), timeout=10).image.data


def test_the_last_edit_of_a_stream_is_always_answered(
    live: Scene, stub: EditingServiceStub
) -> None:
    requests = [
        editing.StreamEditsRequest(sequence=i, edit=edit(live, recipe=recipe(live, seed=i)))
        for i in range(40)
    ]
    answers = list(stub.StreamEdits(iter(requests), timeout=20))
    sequences = [answer.sequence for answer in answers]
    assert sequences == sorted(set(sequences))
    assert sequences[-1] == 39
    assert len(answers) + sum(answer.dropped for answer in answers) == 40


def test_samples_and_their_renderings(live: Scene, stub: EditingServiceStub) -> None:
    answer = stub.SampleLatents(
        editing.SampleLatentsRequest(generator=live.toy.name, seed=1, count=3, space=pb.SPACE_W),
        timeout=10,
    )
    assert [latent.space for latent in answer.latents] == [pb.SPACE_W] * 3
    assert list(answer.latents[0].values.shape) == [W_DIM]
    from_latent = pb.Recipe(generator=live.toy.name, latent=answer.latents[0])
    image = stub.EditImage(edit(live, recipe=from_latent), timeout=10).image
    assert image.data == stub.EditImage(edit(live), timeout=10).image.data


def test_an_inversion_finds_what_was_rendered(live: Scene, stub: EditingServiceStub) -> None:
    picture = stub.EditImage(edit(live, encoding=pb.ENCODING_PNG), timeout=10).image
    answer = stub.InvertImage(
        editing.InvertImageRequest(
            generator=live.toy.name, source=pb.ImageSource(image=picture.data, steps=100)
        ),
        timeout=30,
    )
    assert answer.error < 0.01
    assert answer.latent.generator_digest == live.toy.digest
    assert answer.reconstruction.encoding == pb.ENCODING_PNG


def test_an_inversion_reports_its_errors_and_what_classifiers_say(
    live: Scene, stub: EditingServiceStub
) -> None:
    picture = stub.EditImage(edit(live, encoding=pb.ENCODING_PNG), timeout=10).image

    def invert(**how: object) -> editing.InvertImageResponse:
        source = pb.ImageSource(image=picture.data, encoder=live.encoder.name, **how)
        request = editing.InvertImageRequest(
            generator=live.toy.name, source=source, classifiers=[live.judge.name]
        )
        return stub.InvertImage(request, timeout=30)

    alone, hybrid = invert(encoder_only=True), invert(steps=80)
    assert hybrid.error < 0.01 < alone.error
    scores = stub.EditImage(edit(live, predictors=[live.judge.name]), timeout=10).scores[0].values
    (verdict,) = hybrid.verdicts
    assert verdict.classifier == live.judge.name
    assert verdict.label == max(scores, key=scores.__getitem__)
    assert verdict.label_kept and verdict.reconstruction_label == verdict.label
    assert not hybrid.HasField("noise_error")
    assert invert(encoder_only=True) == alone
    image = pb.ImageSource(image=picture.data, encoder=live.encoder.name, encoder_only=True)
    from_picture = pb.Recipe(generator=live.toy.name, image=image)
    made = stub.EditImage(edit(live, recipe=from_picture), timeout=10).image
    assert made.digest == alone.reconstruction.digest


def test_an_edit_without_time_is_refused(live: Scene, stub: EditingServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.EditImage(edit(live), timeout=0.0001)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


SERVICES = (
    "",
    "liveness",
    "directrix.v1.ModelService",
    "directrix.v1.FindingService",
    "directrix.v1.DiscoveryService",
    "directrix.v1.EditingService",
    "directrix.v1.ExplanationService",
    "directrix.v1.AuditService",
    "google.longrunning.Operations",
)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_serving(live: Scene, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(live.channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_health_is_listed_and_watched(live: Scene) -> None:
    stub = health_pb2_grpc.HealthStub(live.channel)
    listed = stub.List(health_pb2.HealthListRequest(), timeout=5).statuses
    assert {name: each.status for name, each in listed.items()} == dict.fromkeys(
        SERVICES, health_pb2.HealthCheckResponse.SERVING
    )
    watched = stub.Watch(health_pb2.HealthCheckRequest(service="nobody"), timeout=5)
    assert next(watched).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watched.cancel()


def explain(live: Scene, seed: int, **parts: object) -> explanation.ExplainImageResponse:
    request = explanation.ExplainImageRequest(
        recipe=recipe(live, seed),
        classifier=live.judge.name,
        finding_set=live.findings,
        target="a",
        allowed=[0],
        encoding=pb.ENCODING_PNG,
        **parts,
    )
    return ExplanationServiceStub(live.channel).ExplainImage(request, timeout=30)


def one_of_another_class(live: Scene, stub: EditingServiceStub) -> int:
    """The seed of an image that the judge does not take for an a."""
    for seed in range(50):
        asked = edit(live, recipe=recipe(live, seed), predictors=[live.judge.name])
        values = stub.EditImage(asked, timeout=10).scores[0].values
        if max(values, key=values.__getitem__) != "a":
            return seed
    raise AssertionError("every image is an a")


def test_a_counterfactual_speaks_names_and_renders_to_its_own_bytes(
    live: Scene, stub: EditingServiceStub
) -> None:
    seed = one_of_another_class(live, stub)
    found = explain(live, seed, max_alpha=20, oracle=live.judge.name)
    assert found.status == explanation.ExplainImageResponse.STATUS_FOUND
    assert found.margin_before < 0 < found.margin_after
    assert found.oracle_agrees
    assert found.recipe.generator == live.toy.name
    assert [move.finding.finding_set for move in found.recipe.moves] == [live.findings]
    again = stub.EditImage(edit(live, recipe=found.recipe), timeout=10)
    assert again.image.digest == found.image.digest
    assert found.image.encoding == pb.ENCODING_PNG
    original = stub.EditImage(edit(live, recipe=recipe(live, seed)), timeout=10)
    assert found.original.digest == original.image.digest


def test_a_stream_tells_how_near_it_is_and_ends_with_the_same_answer(
    live: Scene, stub: EditingServiceStub
) -> None:
    request = explanation.ExplainImageRequest(
        recipe=recipe(live, one_of_another_class(live, stub)),
        classifier=live.judge.name,
        finding_set=live.findings,
        target="a",
        allowed=[0],
        max_alpha=20,
        encoding=pb.ENCODING_PNG,
    )
    service = ExplanationServiceStub(live.channel)
    streamed = explanation.StreamExplanationRequest(explanation=request)
    *told, last = service.StreamExplanation(streamed, timeout=30)
    assert last.answer == service.ExplainImage(request, timeout=30)
    assert told and all(event.HasField("progress") for event in told)
    assert told[0].progress.image.digest == last.answer.original.digest
    assert told[0].progress.image.encoding == pb.ENCODING_PNG
    margins = [event.progress.margin for event in told]
    assert margins[0] == last.answer.margin_before and margins[-1] > 0


def test_what_holds_scores_is_told_by_name(live: Scene, stub: EditingServiceStub) -> None:
    hold = explanation.ExplainImageRequest.Hold
    seed = one_of_another_class(live, stub)
    found = explain(
        live, seed, max_alpha=20, hold=[hold(predictor=live.meter.name, tolerance_sd=90)]
    )
    assert found.status == explanation.ExplainImageResponse.STATUS_FOUND
    assert {change.predictor for change in found.changes} == {live.meter.name}
    for change in found.changes:
        assert (change.after - change.before) * change.change_sd >= 0
        assert abs(change.change_sd) <= 90
    assert found.moved[0].contribution == pytest.approx(found.margin_after - found.margin_before)


def test_what_else_changed_is_summed_up(live: Scene, stub: EditingServiceStub) -> None:
    hold = explanation.ExplainImageRequest.Hold
    seed = one_of_another_class(live, stub)
    found = explain(
        live, seed, max_alpha=20, hold=[hold(predictor=live.judge.name, tolerance_sd=90)]
    )
    own = {found.source_class, found.target_class}
    others = [abs(each.change_sd) for each in found.changes if each.scorer not in own]
    assert len(found.changes) == 3 and len(others) == 1
    assert found.attribute_dependency_mean == pytest.approx(np.mean(others))
    assert found.attribute_dependency_max == pytest.approx(max(others))
    plain = explain(live, seed, max_alpha=20)
    assert not plain.HasField("attribute_dependency_mean")


def test_an_answer_is_verified(live: Scene, stub: EditingServiceStub) -> None:
    seed = one_of_another_class(live, stub)
    found = explain(live, seed, max_alpha=20, oracle=live.judge.name)
    assert found.views == 16 and 0 <= found.views_agree <= 1
    assert found.oracle_views_agree == found.views_agree
    assert found.HasField("log_density_change")
    assert found.difference.encoding == pb.ENCODING_PNG
    assert (found.difference.height, found.difference.channels) == (found.image.height, 3)
    alone = explain(live, seed, max_alpha=20)
    assert not alone.HasField("oracle_views_agree")
    not_found = explain(live, seed, max_alpha=0.001)
    assert not_found.views == 0 and not not_found.HasField("views_agree")


def test_what_is_frozen_is_not_moved(live: Scene, stub: EditingServiceStub) -> None:
    seed = one_of_another_class(live, stub)
    request = explanation.ExplainImageRequest(
        recipe=recipe(live, seed), classifier=live.judge.name, finding_set=live.findings,
        target="a", max_alpha=20, frozen=[0],
    )  # fmt: skip
    answer = ExplanationServiceStub(live.channel).ExplainImage(request, timeout=30)
    assert 0 not in [moved.index for moved in answer.moved]


def test_a_search_that_is_short_of_time_answers_with_what_it_has(
    live: Scene, stub: EditingServiceStub
) -> None:
    hurried = explain(live, one_of_another_class(live, stub), max_alpha=20, seconds=1e-6)
    assert hurried.status == explanation.ExplainImageResponse.STATUS_NOT_FOUND
    assert "1e-06 s" in hurried.cause
    assert hurried.margin_after == hurried.margin_before
    assert hurried.generator_calls == 1


def test_an_explanation_is_a_sentence_too(live: Scene, stub: EditingServiceStub) -> None:
    found = explain(live, one_of_another_class(live, stub), max_alpha=20)
    assert found.sentence.startswith(f"It says {found.source_class}; it would say a if ")
    assert f"{abs(found.moved[0].alpha):.2f} SD" in found.sentence
    not_found = explain(live, one_of_another_class(live, stub), max_alpha=0.001)
    assert "nothing that was allowed makes it say a" in not_found.sentence


def test_not_found_is_an_answer(live: Scene, stub: EditingServiceStub) -> None:
    answer = explain(live, one_of_another_class(live, stub), max_alpha=0.001)
    assert answer.status == explanation.ExplainImageResponse.STATUS_NOT_FOUND
    assert answer.cause
    assert answer.margin_after < 0


def test_a_latent_is_explained_without_a_finding_set(live: Scene, stub: EditingServiceStub) -> None:
    seed = one_of_another_class(live, stub)
    request = explanation.ExplainImageRequest(
        recipe=recipe(live, seed),
        classifier=live.judge.name,
        target="a",
        explainer="gradient",
        encoding=pb.ENCODING_PNG,
    )
    found = ExplanationServiceStub(live.channel).ExplainImage(request, timeout=30)
    assert found.status == explanation.ExplainImageResponse.STATUS_FOUND
    assert [(moved.space, moved.layer) for moved in found.moved] == [(pb.SPACE_W, "")]
    assert f"if its latent in w moved by {found.distance_sd:.2f} SD" in found.sentence
    again = stub.EditImage(edit(live, recipe=found.recipe), timeout=10)
    assert again.image.digest == found.image.digest
    assert found.log_density_change != 0
