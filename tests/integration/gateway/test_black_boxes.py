"""Somebody else's ONNX file, from registration to explanation, through gateway and replica."""

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from onnx import helper

from directrix import foreign
from directrix.archive import pack_arrays, unpack_arrays
from directrix.foreign import Facts, readings_of
from directrix.types import Scorer
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import model_service_pb2 as model
from directrix.v1 import values_pb2 as pb
from directrix.v1.explanation_service_pb2_grpc import ExplanationServiceStub
from directrix.v1.model_service_pb2_grpc import ModelServiceStub
from tests.contract.onnx_files import file_of
from tests.integration.gateway.world import Scene

FOUND = explanation.ExplainImageResponse.STATUS_FOUND


@pytest.fixture(scope="module")
def graph(live: Scene) -> str:
    """The judge as a graph: its name."""
    arrays = unpack_arrays(live.catalogue.model_files(live.judge.digest)[1])
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "B", "c"], ["y"], transB=1),
    ]
    data = file_of(nodes, arrays, ("n", 1, 8, 8)).SerializeToString()
    facts = Facts("graph", tuple(Scorer(name=name) for name in "abc"), readings_of("y", 3))
    return register(live, *foreign.onnx_model(data, facts)).name


def register(live: Scene, card: object, arrays: dict[str, np.ndarray]) -> model.Model:
    request = model.CreateModelRequest(
        parent="projects/default",
        model_id=card.name,
        card_json=card.model_dump_json(),
        tensors=pack_arrays(arrays),
    )
    return ModelServiceStub(live.channel).CreateModel(request, timeout=10)


def explain(live: Scene, classifier: str, explainer: str) -> explanation.ExplainImageResponse:
    request = explanation.ExplainImageRequest(
        recipe=pb.Recipe(generator=live.toy.name, seed=pb.SeedSource(seed=3)),
        classifier=classifier,
        finding_set=live.findings if explainer in ("sparse", "bisection", "descent") else "",
        explainer=explainer,
        max_alpha=20,
        encoding=pb.ENCODING_RAW,
    )
    return ExplanationServiceStub(live.channel).ExplainImage(request, timeout=60)


@pytest.mark.parametrize("explainer", ["sparse", "bisection", "channels"])
def test_its_explanation_is_that_of_the_classifier_it_was_made_of(
    live: Scene, graph: str, explainer: str
) -> None:
    found, expected = explain(live, graph, explainer), explain(live, live.judge.name, explainer)
    assert found.status == expected.status == FOUND
    assert [moved.alpha for moved in found.moved] == pytest.approx(
        [moved.alpha for moved in expected.moved], abs=0.02
    )
    assert explain(live, graph, explainer).image.digest == found.image.digest


def test_attfind_asks_for_no_gradient_either(live: Scene, graph: str) -> None:
    answer = explain(live, graph, "attfind")
    assert answer.generator_calls > 2 and (answer.status == FOUND or answer.cause)


@pytest.mark.parametrize("explainer", ["descent", "gradient", "latent_descent"])
def test_explainers_that_ask_for_gradients_are_told(
    live: Scene, graph: str, explainer: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        explain(live, graph, explainer)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason(caught.value) == "NEEDS_UNMET"


def test_a_graph_that_may_not_come_in_is_refused_when_it_is_registered(
    live: Scene, graph: str
) -> None:
    card, _ = foreign.onnx_model(
        file_of([helper.make_node("Relu", ["x"], ["y"])], {}).SerializeToString(),
        Facts("mean", (Scorer(name="a"),), readings_of("y", 1)),
    )
    loop = file_of([helper.make_node("Loop", ["x"], ["y"])], {}).SerializeToString()
    swapped = {"graph": np.frombuffer(loop, np.uint8)}
    with pytest.raises(grpc.RpcError) as caught:
        register(live, card.model_copy(update={"digest": ""}), swapped)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(caught.value) == "MODEL_INVALID" and "'Loop'" in caught.value.details()


def reason(error: grpc.RpcError) -> str:
    (info,) = [
        detail for detail in rpc_status.from_call(error).details
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)
    ]  # fmt: skip
    found = error_details_pb2.ErrorInfo()
    info.Unpack(found)
    return found.reason
