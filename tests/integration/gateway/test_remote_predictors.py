"""A predictor of another service, through the gateway and a replica: up, down and slow."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from directrix import foreign, predictors
from directrix.archive import unpack_model
from directrix.foreign import Facts, readings_of
from directrix.types import Scorer
from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import values_pb2 as pb
from directrix.v1.editing_service_pb2_grpc import EditingServiceStub
from tests.contract.models import CPU
from tests.contract.open_inference_server import Shop, serving, shop_of
from tests.integration.gateway.test_black_boxes import explain, reason, register
from tests.integration.gateway.world import IMAGE, Scene


@contextmanager
def open_shop(live: Scene) -> Iterator[Shop]:
    """The judge, behind a service of its own."""
    judge = predictors.build(*unpack_model(*live.catalogue.model_files(live.judge.digest)), CPU)
    with serving(shop_of(judge), live.shop_port) as shop:
        yield shop


def remote(live: Scene, name: str, alias: str = "shop", version: str = "3") -> str:
    scorers = tuple(Scorer(name=name) for name in "abc")
    facts = Facts(name, scorers, readings_of("logits", 3), IMAGE)
    return register(live, *foreign.remote_model(alias, "judge", version, "pixels", facts)).name


def edited(live: Scene, predictor: str) -> editing.EditImageResponse:
    request = editing.EditImageRequest(
        recipe=pb.Recipe(generator=live.toy.name, seed=pb.SeedSource(seed=3)),
        predictors=[predictor],
        encoding=pb.ENCODING_RAW,
    )
    return EditingServiceStub(live.channel).EditImage(request, timeout=30)


def refusal(live: Scene, predictor: str) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        explain(live, predictor, "sparse")
    return caught.value


@pytest.mark.parametrize("explainer", ["sparse", "channels"])
def test_it_is_explained_as_the_classifier_behind_it(live: Scene, explainer: str) -> None:
    expected = explain(live, live.judge.name, explainer)
    with open_shop(live) as shop:
        found = explain(live, remote(live, "shop-judge"), explainer)
    assert found.status == expected.status == explanation.ExplainImageResponse.STATUS_FOUND
    assert [moved.alpha for moved in found.moved] == pytest.approx(
        [moved.alpha for moved in expected.moved], abs=0.02
    )
    assert shop.sizes and max(shop.sizes) <= 16


def test_one_that_is_down_or_slow_is_unavailable_and_comes_back(live: Scene) -> None:
    name = remote(live, "shop-judge")
    before = time.monotonic()
    for call in (explain, edited):
        with pytest.raises(grpc.RpcError) as caught:
            call(live, name, *(["sparse"] if call is explain else []))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert reason(caught.value) == "REMOTE_UNAVAILABLE"
    assert time.monotonic() - before < 15
    with open_shop(live) as shop:
        shop.pause = 30
        assert reason(refusal(live, name)) == "REMOTE_UNAVAILABLE"
        shop.pause = 0
        assert len(edited(live, name).scores[0].values) == 3


def test_another_version_is_not_what_the_card_names(live: Scene) -> None:
    with open_shop(live):
        error = refusal(live, remote(live, "shop-judge-4", version="4"))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason(error) == "REMOTE_MISMATCH" and "version '3'" in error.details()


def test_an_alias_that_the_operator_does_not_know(live: Scene) -> None:
    error = refusal(live, remote(live, "nowhere-judge", alias="nowhere"))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason(error) == "REMOTE_UNKNOWN" and "DIRECTRIX_REMOTE_PREDICTORS" in error.details()


def test_no_gradient_comes_over_the_wire(live: Scene) -> None:
    with open_shop(live), pytest.raises(grpc.RpcError) as caught:
        explain(live, remote(live, "shop-judge"), "gradient")
    assert reason(caught.value) == "NEEDS_UNMET"
