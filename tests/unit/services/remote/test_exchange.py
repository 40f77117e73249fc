"""Predictors that another service runs, over a real server: answers, failures, and their errors."""

import time
from collections.abc import Iterator
from dataclasses import replace

import grpc
import numpy as np
import pytest
import torch
import trustme

from directrix import foreign, predictors
from directrix.archive import pack_arrays, unpack_model
from directrix.errors import (
    InvalidField,
    ModelInvalid,
    NeedsUnmet,
    RemoteMismatch,
    RemoteUnavailable,
    RemoteUnknown,
)
from directrix.foreign import Facts, readings_of
from directrix.model_files import read_model
from directrix.predictors import Opaque, Predictor
from directrix.types import PredictorCard
from services.remote import GrpcExchange, Target, open_exchange, read_targets
from services.settings import Settings
from tests.contract.clothes_file import FOLDER
from tests.contract.models import CPU
from tests.contract.open_inference_server import Shop, serving, shop_of

OWN = predictors.build(*read_model(FOLDER), CPU)
CARD, ARRAYS = foreign.remote_model(
    "shop", "judge", "3", "pixels",
    Facts("clothes", OWN.card.scorers, readings_of("logits", 10), OWN.card.image),
)  # fmt: skip
IMAGES = torch.rand(37, 1, 28, 28, generator=torch.Generator().manual_seed(2)) * 2 - 1


@pytest.fixture
def shop() -> Iterator[Shop]:
    with serving(shop_of(OWN)) as running:
        yield running


def reach(target: str, seconds: float = 5.0, card: PredictorCard = CARD) -> Predictor:
    return predictors.build(card, ARRAYS, CPU, GrpcExchange({"shop": Target(target)}, seconds))


@pytest.mark.parametrize("written", [False, True], ids=["raw", "written"])
def test_it_agrees_with_the_predictor_behind_it(shop: Shop, written: bool) -> None:
    shop.written = written
    box = reach(shop.target)
    with torch.no_grad():
        expected = OWN.scores(IMAGES)
    images = IMAGES.clone().requires_grad_()
    found = box.scores(images)
    assert isinstance(box, Opaque) and not box.card.differentiable and not found.requires_grad
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    assert shop.sizes == [16, 16, 5]
    assert torch.equal(box.scores(images), found)


def test_the_digest_is_of_alias_model_and_version() -> None:
    card, arrays = unpack_model(CARD.model_dump_json(), pack_arrays(ARRAYS))
    assert card.digest == CARD.digest and arrays == {}
    facts = Facts("clothes", OWN.card.scorers, readings_of("logits", 10), OWN.card.image)
    others = [("shop2", "judge", "3"), ("shop", "other", "3"), ("shop", "judge", "4")]
    digests = {foreign.remote_model(*other, "pixels", facts)[0].digest for other in others}
    assert len({*digests, CARD.digest}) == 4
    renamed = foreign.remote_model("shop", "judge", "3", "pixels", replace(facts, name="another"))
    assert renamed[0].digest == CARD.digest


def test_a_model_that_has_changed_is_not_asked_on(shop: Shop) -> None:
    shop.version = "4"
    with pytest.raises(RemoteMismatch, match="version '4'; the card names 'judge', version '3'"):
        reach(shop.target).scores(IMAGES)


@pytest.mark.parametrize(
    ("scores", "wrong"),
    [
        (lambda batch: np.zeros((len(batch), 7), np.float32), "7 columns"),
        (lambda batch: np.zeros((1, 10), np.float32), "one row of numbers a picture"),
        (lambda batch: np.full((len(batch), 10), np.nan, np.float32), "not finite"),
    ],
)
def test_answers_that_the_card_does_not_foresee(shop: Shop, scores: object, wrong: str) -> None:
    shop.scores = scores
    with pytest.raises(RemoteMismatch, match=wrong):
        reach(shop.target).scores(IMAGES)


def test_a_short_failure_is_passed_over(shop: Shop) -> None:
    shop.refusals = [grpc.StatusCode.UNAVAILABLE] * 2
    assert reach(shop.target).scores(IMAGES[:4]).shape == (4, 10)
    assert shop.sizes == [4, 4, 4]


def test_it_is_not_asked_for_ever(shop: Shop) -> None:
    shop.refusals = [grpc.StatusCode.UNAVAILABLE] * 9
    with pytest.raises(RemoteUnavailable, match="try again") as caught:
        reach(shop.target).scores(IMAGES[:4])
    assert shop.sizes == [4, 4, 4]
    assert "secret" not in caught.value.message and shop.target not in caught.value.message


@pytest.mark.parametrize("status", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT])
def test_a_refusal_is_no_outage(shop: Shop, status: grpc.StatusCode) -> None:
    shop.refusals = [status]
    with pytest.raises(RemoteMismatch, match=status.name):
        reach(shop.target).scores(IMAGES[:4])
    assert shop.sizes == [4]


def test_a_failure_of_the_service_is_its_own(shop: Shop) -> None:
    shop.refusals = [grpc.StatusCode.INTERNAL]
    with pytest.raises(RemoteUnavailable):
        reach(shop.target).scores(IMAGES[:4])


def test_a_slow_one_is_given_up_in_time(shop: Shop) -> None:
    shop.pause = 30
    before = time.monotonic()
    with pytest.raises(RemoteUnavailable, match=r"within 0\.5 s"):
        reach(shop.target, seconds=0.5).scores(IMAGES[:4])
    assert time.monotonic() - before < 5


def test_a_dead_one_is_given_up_and_found_again() -> None:
    with serving(shop_of(OWN)) as first:
        port = int(first.target.rpartition(":")[2])
        box = reach(first.target)
        expected = box.scores(IMAGES[:3])
    with pytest.raises(RemoteUnavailable):
        box.scores(IMAGES[:3])
    with serving(shop_of(OWN), port):
        deadline = time.monotonic() + 20
        while True:
            try:
                assert torch.equal(box.scores(IMAGES[:3]), expected)
                break
            except RemoteUnavailable:
                assert time.monotonic() < deadline


def test_over_tls_only_what_is_vouched_for_is_asked(tmp_path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    pair = (own.private_key_pem.bytes(), b"".join(b.bytes() for b in own.cert_chain_pems))
    authority.cert_pem.write_to_path(tmp_path / "roots.pem")
    with serving(shop_of(OWN), credentials=grpc.ssl_server_credentials([pair])) as shop:
        places = {"shop": f"grpcs://{shop.target}"}
        settings = Settings(remote_predictors=places, remote_roots=tmp_path / "roots.pem")
        box = predictors.build(CARD, ARRAYS, CPU, open_exchange(settings))
        assert box.scores(IMAGES[:3]).shape == (3, 10)
        doubtful = GrpcExchange(
            {"shop": Target(shop.target, secure=True)}, 1.0, stranger.cert_pem.bytes()
        )
        with pytest.raises(RemoteUnavailable):
            predictors.build(CARD, ARRAYS, CPU, doubtful).scores(IMAGES[:3])


def test_nobody_but_the_operator_says_where_it_is() -> None:
    with pytest.raises(RemoteUnknown, match="DIRECTRIX_REMOTE_PREDICTORS"):
        predictors.build(CARD, ARRAYS, CPU, GrpcExchange({"other": Target("127.0.0.1:1")}))
    with pytest.raises(NeedsUnmet, match="nothing here can reach"):
        predictors.build(CARD, ARRAYS, CPU)
    for alias in ("127.0.0.1:80", "http://x", "", "Shop"):
        config = {**CARD.config, "alias": alias}
        with pytest.raises(ModelInvalid, match="alias"):
            foreign.check_remote(CARD.model_copy(update={"config": config}), {})
    with pytest.raises(ModelInvalid, match="address"):
        config = {**CARD.config, "address": "127.0.0.1:80"}
        foreign.check_remote(CARD.model_copy(update={"config": config}), {})
    with pytest.raises(ModelInvalid, match="intruder"):
        foreign.check_remote(CARD, {"intruder": np.zeros(1)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop.example:443", Target("shop.example:443")),
        ("grpc://127.0.0.1:8001", Target("127.0.0.1:8001")),
        ("grpcs://[::1]:8001", Target("[::1]:8001", secure=True)),
    ],
)
def test_targets(text: str, expected: Target) -> None:
    assert read_targets({"shop": text}) == {"shop": expected}


@pytest.mark.parametrize("text", ["", "shop", "unix:/run/x:1", "http://x:80", "a:1/b", "x:1,y:2"])
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(InvalidField, match="DIRECTRIX_REMOTE_PREDICTORS"):
        read_targets({"shop": text})
