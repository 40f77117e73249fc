import numpy as np
import pytest

from directrix.archive import finding_set_digest, image_digest
from directrix.client import Client, DeadlineExceeded, InvalidRequest, NotFound, Unavailable
from directrix.types import Direction, FindingSet, Move, Provenance, Space
from directrix.types import FindingRef as Ref
from tests.unit.client.fake_values import CLASSES, GENERATOR_DIGEST, draw


def test_lists_models_over_pages(client, gateway):
    assert [m.id for m in client.models()] == ["classifier", "fashion", "oracle"]
    assert gateway.calls.count("ListModels") == 3
    classifier = client.model("classifier")
    assert classifier.kind == "predictor" and classifier.scorers == tuple(CLASSES)
    assert client.model("projects/default/models/fashion").kind == "generator"


def test_registering_twice_is_the_same_resource(client):
    card = '{"kind": "generator", "name": "x"}'
    first = client.register_model("x", card, b"12345678")
    assert client.register_model("x", card, b"12345678") == first


def test_lists_methods_with_their_schema(client):
    methods = {m.name: m for m in client.methods()}
    assert set(methods) == {"interfacegan", "intervention", "sefa"}
    assert methods["sefa"].needs == ("weights",)
    assert methods["sefa"].schema["properties"]["count"]["default"] == 10


def test_edits_from_fields_and_from_a_whole_recipe_are_the_same(client, found):
    moves = [(found.finding_set, 0, 2.5)]
    edited = client.edit("fashion", ["classifier"], seed=1, index=3, truncation=0.7, moves=moves)
    assert edited.image.shape == (28, 28, 1)
    np.testing.assert_array_equal(edited.image, draw(5.5))
    assert edited.digest == image_digest(edited.image)
    assert edited.scores["projects/default/models/classifier"]["sandal"] == -0.5
    assert edited.recipe.truncation == 0.7
    again = client.edit(edited.recipe)
    assert again.digest == edited.digest and again.png == edited._repr_png_()


@pytest.mark.parametrize("encoding", ["png", "raw"])
def test_encodings_hold_the_same_pixels(client, encoding):
    edited = client.edit("fashion", index=2, encoding=encoding)
    np.testing.assert_array_equal(edited.image, draw(2))
    assert edited.png.startswith(b"\x89PNG")


def test_moves_may_be_values_with_names(client, found):
    move = Move(Ref(found.finding_set.rsplit("/", 1)[-1], 1), 1.5, layers=(0, 1))
    message = client.recipe("fashion", moves=[move]).moves[0]
    assert message.finding.finding_set == found.finding_set
    assert (message.alpha, list(message.layers)) == (1.5, [0, 1])


def test_a_recipe_has_one_source(client):
    latent = client.sample_latents("fashion", seed=1, count=1)
    with pytest.raises(ValueError, match="one source, not latent and seed"):
        client.recipe("fashion", latent=latent, seed=1)
    with pytest.raises(ValueError, match="no room for seed"):
        client.edit(client.recipe("fashion"), seed=3)
    with pytest.raises(ValueError, match="encoding is one of png, raw, jpeg, not 'gif'"):
        client.edit("fashion", encoding="gif")


def test_filmstrip_keeps_the_order_of_the_strengths(client, found):
    strip = client.filmstrip(
        "fashion", (found.finding_set, 0), alphas=(-2, 0, 2), predictors=["classifier"], index=5
    )
    assert [f.alpha for f in strip.frames] == [-2, 0, 2]
    for frame in strip.frames:
        np.testing.assert_array_equal(frame.image, draw(5 + frame.alpha))
    assert strip.sheet(gap=2).shape == (28, 28 * 3 + 4, 1)


def test_samples_come_as_one_batch(client):
    latent = client.sample_latents("fashion", seed=1, start=4, count=3, space="w")
    assert latent.space is Space.W and latent.generator == GENERATOR_DIGEST
    np.testing.assert_array_equal(latent.values[:, 0], [4, 5, 6])


def test_inversion(client):
    found = client.invert("fashion", client.edit("fashion").png)
    assert found.error == 0.25 and found.latent.values.shape == (1, 4)
    assert found.verdicts == () and found.noise_error is None
    judged = client.invert(
        "fashion", found.reconstruction.png, encoder="classifier", encoder_only=True,
        optimise_noise=True, classifiers=["classifier"],
    )  # fmt: skip
    assert (judged.error, judged.noise_error) == (0.0, 0.125)
    (verdict,) = judged.verdicts
    assert verdict.classifier == "projects/default/models/classifier"
    assert (verdict.label, verdict.reconstruction_label) == ("boot", "bag")
    assert not verdict.label_kept


def test_a_recipe_says_how_its_picture_is_inverted(client):
    message = client.recipe(
        "fashion", image=b"png", space="w+", steps=5, encoder="mine", embedder="oracle",
        optimise_noise=True,
    )  # fmt: skip
    assert message.image.encoder == "projects/default/models/mine"
    assert message.image.embedder == "projects/default/models/oracle"
    assert message.image.optimise_noise and not message.image.encoder_only


def test_a_training_ends_with_an_encoder(client):
    handle = client.train_encoder("fashion", "fashion-encoder", steps=7)
    assert handle.progress().method == "train-encoder"
    result = handle.result(30)
    assert (result.model, result.digest) == ("projects/default/models/fashion-encoder", "e" * 64)


def test_finding_sets_travel_both_ways(client):
    value = FindingSet(
        (Direction(Space.Z, np.array([0, 1, 0], np.float32), 1.0),),
        Provenance(method="import", version="1", generator=GENERATOR_DIGEST),
        hints=("by hand",),
    )
    stored = client.create_finding_set(value)
    full = client.finding_set(stored.id)
    assert full.value.hints == ("by hand",) and full.count == 1
    np.testing.assert_array_equal(full.value.findings[0].vector, [0, 1, 0])
    assert finding_set_digest(full.value) != ""
    assert [s.name for s in client.finding_sets()] == [stored.name]
    basic = client.finding_set(stored.name, full=False)
    assert len(basic.value) == 0 and basic.count == 1
    assert basic.value.provenance.generator == GENERATOR_DIGEST


def test_scorecard(client, found):
    card = client.scorecard(found.finding_set)
    assert card.finding_set == found.finding_set.rsplit("/", 1)[-1]
    assert card.findings[3].target == "dress" and card.findings[3].effect_sd == pytest.approx(1.7)


def test_explanation(client, found):
    answer = client.explain(
        "fashion", "classifier", found.finding_set, target="sneaker", oracle="oracle", index=9
    )
    assert (answer.status, answer.source_class, answer.target_class) == ("found", "boot", "sneaker")
    assert answer.oracle_agrees is True and answer.reconstruction_error is None
    assert [(m.index, m.alpha) for m in answer.moved] == [(1, -2)]
    np.testing.assert_array_equal(answer.image.image, client.edit(answer.recipe).image)
    unasked = client.explain("fashion", "classifier", found.finding_set, index=9)
    assert unasked.oracle_agrees is None


def test_an_explanation_as_a_stream(client, found):
    asked = ("fashion", "classifier", found.finding_set)
    first, second, answer = client.stream_explanation(*asked, target="sneaker", index=9)
    assert (first.images, first.margin, first.reached) == (1, -1.5, False)
    np.testing.assert_array_equal(first.image.image, answer.original.image)
    assert second.image is None and second.reached
    assert answer.image.digest == client.explain(*asked, target="sneaker", index=9).image.digest
    with pytest.raises(NotFound):
        list(client.stream_explanation("fashion", "nobody", found.finding_set))


def test_errors_carry_what_the_service_said(client):
    with pytest.raises(NotFound) as caught:
        client.edit("nothing")
    error = caught.value
    assert (error.reason, error.request_id) == ("MODEL_NOT_FOUND", "req-1")
    assert error.metadata == {"name": "projects/default/models/nothing"}
    assert error.code.name == "NOT_FOUND" and str(error) == error.message


def test_violations_name_their_fields(client, found):
    with pytest.raises(InvalidRequest) as caught:
        client.edit("fashion", moves=[(found.finding_set, 99, 1.0)])
    assert [v.field for v in caught.value.violations] == ["recipe.moves.finding.index"]


def test_retries_on_unavailable_only(client, gateway):
    gateway.failures = [14, 14]
    assert len(client.edit("fashion").png) > 0
    assert gateway.calls.count("EditImage") == 3
    gateway.calls.clear()
    gateway.failures = [8]
    with pytest.raises(Exception, match="not now"):
        client.edit("fashion")
    assert gateway.calls == ["EditImage"]


def test_gives_up_after_five_attempts(client, gateway):
    gateway.failures = [14] * 10
    with pytest.raises(Unavailable) as caught:
        client.edit("fashion")
    assert caught.value.reason == "MODEL_NOT_READY"
    assert gateway.calls.count("EditImage") == 5


def test_nobody_there():
    with Client("127.0.0.1:1") as client, pytest.raises(Unavailable):
        client.models()


def test_the_callers_timeout_replaces_the_deadline(gateway, target):
    with (
        Client(target, timeout=0.2) as hurried,
        gateway.lock,  # the fake answers nobody meanwhile
        pytest.raises(DeadlineExceeded),
    ):
        hurried.models()
