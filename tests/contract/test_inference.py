"""One suite over the plain server and over Ray Serve: the same requests, the same answers."""

import asyncio
import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

from directrix import archive
from directrix.errors import (
    DeadlineExceeded,
    FindingMismatch,
    FindingSetNotFound,
    InvalidField,
    ModelNotFound,
    ServingUnavailable,
    SpaceUnavailable,
    Unauthenticated,
)
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.population import latents
from directrix.types import Latent, Space
from directrix.v1 import explanation_service_pb2, values_pb2
from directrix.wire.errors import error_from_proto
from directrix.wire.images import encode_image, image_from_proto
from directrix.wire.latents import latent_batch_from_proto, latent_from_proto, latent_to_proto
from directrix.wire.tensors import tensor_from_proto
from services.artifacts.catalogue import Catalogue
from services.artifacts.folder import FolderStore
from services.inference.client import BlockingInferenceClient
from services.serving.replica import Replica
from services.settings import Settings
from tests.contract.inference_world import APPLICATION, SECRET, World, build_world, running

SERVERS = {
    "plain": ("services.serving.server", 30.0),
    "ray": ("services.serving.app", 200.0),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(tmp_path_factory.mktemp("store"))


@pytest.fixture(
    scope="module",
    params=["plain", pytest.param("ray", marks=[pytest.mark.slow, pytest.mark.timeout(300)])],
)
def target(request: pytest.FixtureRequest, world: World) -> Iterator[str]:
    module, seconds = SERVERS[request.param]
    with running(module, world, free_port(), seconds) as found:
        yield found


@pytest.fixture(scope="module")
def client(target: str) -> Iterator[BlockingInferenceClient]:
    with BlockingInferenceClient(target, SECRET, APPLICATION) as found:
        yield found


def recipe(world: World, index: int, **parts: object) -> values_pb2.Recipe:
    seed = values_pb2.SeedSource(seed=7, index=index)
    return values_pb2.Recipe(**({"generator": world.generator, "seed": seed} | parts))


def move(finding_set: str, alpha: float, index: int = 0) -> values_pb2.Move:
    ref = values_pb2.FindingRef(finding_set=finding_set, index=index)
    return values_pb2.Move(finding=ref, alpha=alpha)


def render(client: BlockingInferenceClient, world: World, *recipes, **parts) -> pb.RenderResponse:
    request = pb.RenderRequest(
        generator=world.generator,
        predictors=[world.judge],
        form=values_pb2.FORM_RESULT,
        recipes=recipes,
        **parts,
    )
    return client.render(request, 60)


def scores_of(answer: pb.RenderResponse) -> np.ndarray:
    return np.stack([np.frombuffer(item.scores, "<f4") for item in answer.items])


def test_images_and_scores_come_back_in_order_and_in_shape(client, world):
    answer = render(client, world, *(recipe(world, i) for i in range(40)))
    assert (answer.height, answer.width, answer.channels) == (8, 8, 1)
    assert {len(item.image) for item in answer.items} == {64}
    z = latents(7, 0, 40, 4)
    projections = scores_of(answer)[:, 1]
    assert np.allclose(projections, -scores_of(answer)[:, 0], atol=1e-5)
    alone = render(client, world, recipe(world, 39))
    assert alone.items[0] == answer.items[39]
    assert len(z) == 40


def test_the_bytes_are_those_of_a_replica_without_any_server(client, world):
    recipes = [recipe(world, i, moves=[move(world.findings, i / 4)]) for i in range(20)]
    settings = Settings(store_kind="folder", store_folder=world.folder)
    replica = Replica(Catalogue(FolderStore(world.folder)), settings)
    request = pb.RenderRequest(generator=world.generator, predictors=[world.judge], recipes=recipes)
    expected = asyncio.run(replica.render(request))
    replica.close()
    told = client.render(request, 60)
    assert len(expected.items) == 20
    for answer in (told, expected):  # all but what a clock says
        assert answer.compute_seconds > 0
        answer.ClearField("queue_seconds")
        answer.ClearField("compute_seconds")
    assert told == expected


def test_a_move_along_a_planted_axis_changes_the_score_by_its_strength(client, world):
    answer = render(
        client, world, recipe(world, 0), recipe(world, 0, moves=[move(world.findings, 0.5)])
    )
    before, after = scores_of(answer)
    assert after[1] - before[1] == pytest.approx(0.5, abs=0.02)


def test_an_item_fails_alone_with_its_own_error(client, world):
    bad = {
        1: (recipe(world, 0, seed=values_pb2.SeedSource(seed=-1)), InvalidField),
        2: (recipe(world, 0, moves=[move(world.foreign, 1.0)]), FindingMismatch),
        4: (recipe(world, 0, moves=[move("0" * 64, 1.0)]), FindingSetNotFound),
        5: (recipe(world, 0, moves=[move(world.findings, 1.0, index=9)]), InvalidField),
        6: (recipe(world, 0, moves=[move(world.findings, float("nan"))]), InvalidField),
        7: (recipe(world, 0, generator=world.other), InvalidField),
    }
    recipes = [bad[i][0] if i in bad else recipe(world, i) for i in range(8)]
    answer = render(client, world, *recipes)
    for i, item in enumerate(answer.items):
        if i in bad:
            assert type(error_from_proto(item.error)) is bad[i][1], i
            assert item.image == b""
        else:
            assert not item.HasField("error")
            assert len(item.image) == 64
    assert answer.items[6].error.metadata["field"] == "recipe.moves[0].alpha"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"generator": "0" * 64}, ModelNotFound),
        ({"generator": "../../etc"}, ModelNotFound),
        ({"predictors": ["1" * 64]}, ModelNotFound),
        ({"form": 77}, InvalidField),
        ({"recipes": []}, InvalidField),
    ],
)
def test_what_is_wrong_with_a_whole_call_is_raised(client, world, change, error):
    parts = {"generator": world.generator, "recipes": [recipe(world, 0)]} | change
    with pytest.raises(error):
        client.render(pb.RenderRequest(**parts), 30)


def test_a_judge_is_no_generator(client, world):
    with pytest.raises(ModelNotFound):
        client.render(pb.RenderRequest(generator=world.judge, recipes=[recipe(world, 0)]), 30)


def test_images_can_be_left_out(client, world):
    answer = render(client, world, recipe(world, 0), omit_images=True)
    assert answer.items[0].image == b""
    assert len(answer.items[0].scores) == 8


def test_samples_score_as_their_recipes_do(client, world):
    samples = pb.SampleRange(seed=7, start=5, count=70, truncation=0.5)
    request = pb.ScoreRequest(
        generator=world.generator,
        predictors=[world.judge],
        samples=samples,
        priority=pb.PRIORITY_BATCH,
    )
    scores = tensor_from_proto(client.score(request, 60).scores, axes=2)
    recipes = [recipe(world, 5 + i, truncation=0.5) for i in (0, 69)]
    assert scores.shape == (70, 2)
    assert np.array_equal(scores[[0, 69]], scores_of(render(client, world, *recipes)))


def test_latents_score_as_samples_do(client, world):
    samples = pb.SampleRange(seed=3, start=0, count=9, truncation=1.0)
    named = pb.SampleRequest(generator=world.generator, samples=samples, space=values_pb2.SPACE_Z)
    batch = client.sample(named, 30).latents
    found = latent_batch_from_proto(batch, world.generator)
    assert np.array_equal(found.values, latents(3, 0, 9, 4))
    both = [
        client.score(pb.ScoreRequest(generator=world.generator, predictors=[world.judge], **source))
        for source in ({"samples": samples}, {"latents": batch})
    ]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("samples", "space", "error"),
    [
        ({"count": 0, "truncation": 1}, values_pb2.SPACE_Z, InvalidField),
        ({"count": 10**6, "truncation": 1}, values_pb2.SPACE_Z, InvalidField),
        ({"count": 2, "truncation": float("nan")}, values_pb2.SPACE_Z, InvalidField),
        ({"count": 2, "start": -1, "truncation": 1}, values_pb2.SPACE_Z, InvalidField),
        ({"count": 2, "truncation": 1}, values_pb2.SPACE_W, SpaceUnavailable),
        ({"count": 2, "truncation": 1}, 0, InvalidField),
    ],
)
def test_samples_that_cannot_be_are_refused(client, world, samples, space, error):
    request = pb.SampleRequest(
        generator=world.generator, samples=pb.SampleRange(**samples), space=space
    )
    with pytest.raises(error):
        client.sample(request, 30)


def test_a_picture_is_inverted_to_what_renders_it(client, world):
    made = render(client, world, recipe(world, 2)).items[0].image
    picture = encode_image(np.frombuffer(made, np.uint8).reshape(8, 8, 1)).data
    source = values_pb2.ImageSource(image=picture, steps=150)
    found = client.invert(pb.InvertRequest(generator=world.generator, source=source), 60)
    latent = latent_from_proto(found.latent)
    assert found.mean_squared_error < 2e-3
    assert np.abs(latent.values - latents(7, 2, 1, 4)).max() < 0.2
    again = render(client, world, recipe(world, 0, seed=None, image=source)).items[0]
    shown = tensor_from_proto(found.reconstruction, dtype="uint8", axes=3)
    assert again.image == shown.tobytes()


def test_a_latent_of_another_generator_is_refused(client, world):
    latent = latent_to_proto(Latent(Space.Z, world.other, np.zeros((1, 4), np.float32)))
    answer = render(client, world, recipe(world, 0, seed=None, latent=latent))
    assert type(error_from_proto(answer.items[0].error)) is FindingMismatch


def explain(client: BlockingInferenceClient, world: World, **parts: object):
    asked = explanation_service_pb2.ExplainImageRequest(
        **({"recipe": recipe(world, 0), "classifier": world.judge, "finding_set": world.findings}
           | parts)
    )  # fmt: skip
    *progress, last = client.explain(pb.ExplainRequest(request=asked), 60)
    assert all(answer.HasField("progress") for answer in progress)
    return last.response


def test_an_explanation_is_found_and_renders_to_its_own_bytes(client, world):
    found = explain(client, world)
    assert found.status == found.STATUS_FOUND
    assert {found.source_class, found.target_class} == {"a", "b"}
    assert [moved.index for moved in found.moved] == [0]
    assert found.margin_before < 0 < found.margin_after
    answer = render(client, world, found.recipe)
    image = image_from_proto(found.image)
    assert answer.items[0].image == image.tobytes()
    assert found.image.digest == archive.image_digest(image)
    assert not found.HasField("oracle_agrees")
    assert not found.HasField("reconstruction_error")
    assert not found.HasField("reconstruction_label_kept")


def test_an_explanation_of_a_picture_says_how_true_its_inversion_is(client, world):
    made = render(client, world, recipe(world, 2)).items[0].image
    picture = encode_image(np.frombuffer(made, np.uint8).reshape(8, 8, 1)).data
    source = values_pb2.ImageSource(image=picture, steps=150)
    found = explain(client, world, recipe=recipe(world, 0, seed=None, image=source))
    assert found.reconstruction_error < 2e-3
    assert found.reconstruction_label_kept
    missed = values_pb2.ImageSource(image=picture, steps=1)
    far = explain(client, world, recipe=recipe(world, 0, seed=None, image=missed))
    assert far.reconstruction_error > found.reconstruction_error


def test_an_explanation_tells_how_near_it_is(client, world):
    asked = explanation_service_pb2.ExplainImageRequest(
        recipe=recipe(world, 0), classifier=world.judge, finding_set=world.findings
    )
    *told, last = client.explain(pb.ExplainRequest(request=asked), 60)
    events = [answer.progress for answer in told]
    assert events[0].images == 1 and events[0].margin == last.response.margin_before
    assert events[0].image.data == last.response.original.data
    assert [e.images for e in events] == sorted(e.images for e in events)
    assert events[-1].reached and events[-1].margin > 0 > events[0].margin


def test_what_is_wrong_with_an_explanation_is_raised(client, world):
    asked = explanation_service_pb2.ExplainImageRequest(
        recipe=recipe(world, 0), classifier=world.judge, finding_set=world.findings, target="teapot"
    )
    with pytest.raises(InvalidField, match="teapot"):
        list(client.explain(pb.ExplainRequest(request=asked), 60))


def test_an_explanation_that_is_not_found_is_an_answer(client, world):
    found = explain(client, world, allowed=[1], max_alpha=0.5, oracle=world.judge)
    assert found.status == found.STATUS_NOT_FOUND
    assert found.cause
    assert found.oracle_agrees is False


def test_a_call_ends_at_its_deadline_and_the_next_one_is_served(client, world):
    request = pb.ScoreRequest(
        generator=world.generator,
        predictors=[world.judge],
        samples=pb.SampleRange(seed=1, start=0, count=4096, truncation=1.0),
        priority=pb.PRIORITY_BATCH,
    )
    with pytest.raises(DeadlineExceeded):
        client.score(request, 0.02)
    began = time.monotonic()
    render(client, world, recipe(world, 0))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x"])
def test_a_call_without_the_secret_is_refused(target, secret):
    with BlockingInferenceClient(target, secret, APPLICATION) as stranger:
        calls = [
            (stranger.sample, pb.SampleRequest()),
            (stranger.render, pb.RenderRequest()),
            (stranger.score, pb.ScoreRequest()),
            (stranger.invert, pb.InvertRequest()),
            (lambda *asked: list(stranger.explain(*asked)), pb.ExplainRequest()),
        ]
        for call, message in calls:
            with pytest.raises(Unauthenticated):
                call(message, 10)
        with pytest.raises(Unauthenticated):
            stranger.ready()


def test_a_place_where_nobody_listens_is_unavailable():
    with BlockingInferenceClient(f"127.0.0.1:{free_port()}", SECRET) as nobody:
        assert nobody.ready(0.5) is False
        with pytest.raises(ServingUnavailable):
            nobody.wait_ready(0.3)


def test_channels_are_explained_without_a_finding_set(client, world):
    found = explain(client, world, finding_set="", explainer="channels")
    assert found.status == found.STATUS_FOUND
    assert found.recipe.latent.space == values_pb2.SPACE_Z and not found.recipe.moves
    assert {(moved.space, moved.layer) for moved in found.moved} == {(values_pb2.SPACE_Z, "z")}
    assert all(moved.channel == moved.index for moved in found.moved)
    answer = render(client, world, found.recipe)
    assert answer.items[0].image == image_from_proto(found.image).tobytes()


def test_findings_have_to_be_named_where_they_are_moved(client, world):
    asked = explanation_service_pb2.ExplainImageRequest(
        recipe=recipe(world, 0), classifier=world.judge
    )
    with pytest.raises(InvalidField, match="name a finding set"):
        list(client.explain(pb.ExplainRequest(request=asked), 60))
