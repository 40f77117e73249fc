"""ONNX graphs as predictors: the same answers as the network, or typed errors."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from directrix import foreign, predictors
from directrix.archive import model_digest, pack_arrays, unpack_model
from directrix.errors import InvalidField, ModelInvalid
from directrix.foreign import Facts, Reading, readings_of
from directrix.model_files import read_model
from directrix.predictors import Opaque, Predictor
from directrix.types import ImageCard, Scorer
from tests.conftest import ROOT
from tests.contract.models import CPU
from tests.contract.onnx_files import convolutional_file, file_of

GREY = ImageCard(channels=1, height=4, width=4)
FACTS = Facts(name="f", scorers=(Scorer(name="a"),), readings=readings_of("y", 1), image=GREY)


def built(data: bytes, facts: Facts = FACTS) -> Predictor:
    return predictors.build(*foreign.onnx_model(data, facts), CPU)


def mean_file(
    shape: Sequence[object] = ("n", 1, 4, 4), element: int = TensorProto.FLOAT
) -> onnx.ModelProto:
    """y [N, 2] = (mean of the picture's values, ten times that)."""
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["f"], ["m"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["m", "one"], ["c"]),
        helper.make_node("Mul", ["c", "factors"], ["y"]),
    ]
    weights = {"one": np.array([1]), "factors": np.array([[1, 10]], np.float32)}
    return file_of(nodes, weights, shape, element)


def test_it_agrees_with_the_bundled_classifier_that_it_was_made_of() -> None:
    card, arrays = read_model(ROOT / "directrix/zoo/models/fashion-classifier")
    data = convolutional_file(arrays, card.config["blocks"], ("n", 1, 28, 28))
    facts = Facts("clothes", card.scorers, readings_of("logits", len(card.scorers)))
    box = built(data, facts)
    images = torch.rand(37, 1, 28, 28, generator=torch.Generator().manual_seed(2)) * 2 - 1
    with torch.no_grad():
        expected = predictors.build(card, arrays, CPU).scores(images)
    found = box.scores(images)
    assert isinstance(box, Opaque) and box.scorers == tuple(s.name for s in card.scorers)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    assert torch.equal(found, box.scores(images))


def test_the_digest_covers_the_file_and_what_is_read_of_it() -> None:
    """And the folder is one like any other: card and safetensors."""
    data = mean_file().SerializeToString()
    card, arrays = foreign.onnx_model(data, FACTS)
    again, tensors = unpack_model(card.model_dump_json(), pack_arrays(arrays))
    assert again.digest == card.digest == model_digest(card, tensors)
    renamed = mean_file()
    renamed.graph.name = "another"
    others = [
        foreign.onnx_model(renamed.SerializeToString(), FACTS),
        foreign.onnx_model(data, replace(FACTS, range=(0.0, 1.0))),
        foreign.onnx_model(data, replace(FACTS, readings=(Reading(output="y", sign=-1),))),
    ]
    assert len({card.digest, *(other.digest for other, _ in others)}) == 4
    assert foreign.onnx_model(data, replace(FACTS, name="g"))[0].digest == card.digest


@pytest.mark.parametrize(
    ("settings", "shape", "element", "expected"),
    [
        ({}, ("n", 1, 4, 4), TensorProto.FLOAT, 0.5),
        ({"range": (0.0, 1.0)}, ("n", 1, 4, 4), TensorProto.FLOAT, 0.75),
        ({"range": (0.0, 255.0)}, ("n", 1, 4, 4), TensorProto.UINT8, 191.0),
        ({"range": (0.0, 1.0), "mean": (0.5,), "deviation": (0.1,)}, ("n", 1, 4, 4), 1, 2.5),
        ({"layout": "nhwc", "channels": 3}, ("n", 4, 4, 3), TensorProto.FLOAT, 0.5),
        ({"size": (8, 6)}, ("n", 1, 8, 6), TensorProto.FLOAT, 0.5),
        ({"readings": (Reading(output="y", column=1, sign=-1),)}, (3, 1, 4, 4), 1, -5.0),
    ],
)
def test_pictures_are_made_into_what_the_graph_wants(
    settings: dict, shape: Sequence[object], element: int, expected: float
) -> None:
    """Of 7 pictures, 0.5 all over; a graph of a fixed batch takes them three by three."""
    box = built(mean_file(shape, element).SerializeToString(), replace(FACTS, **settings))
    scores = box.scores(torch.full((7, 1, 4, 4), 0.5))
    torch.testing.assert_close(scores, torch.full((7, 1), expected))


def test_a_graph_without_a_size_takes_it_from_the_facts() -> None:
    data = mean_file(("n", "c", "h", "w")).SerializeToString()
    assert built(data).scores(torch.ones(1, 1, 4, 4)).item() == 1
    with pytest.raises(InvalidField, match="size of pictures open"):
        foreign.onnx_model(data, replace(FACTS, image=None))


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"readings": readings_of("z", 1)}, "no output 'z'"),
        ({"readings": readings_of("y", 2)}, "1 scorers and 2 readings"),
        ({"layout": "nhwc"}, "N x 4 x 4 x 1"),
        ({"size": (5, 4)}, "N x 1 x 5 x 4"),
        ({"range": (1.0, 0.0)}, "low is below high"),
        ({"mean": (1.0, 2.0)}, "one value a channel"),
    ],
)
def test_facts_that_the_file_contradicts_are_refused_before_anything_runs(
    settings: dict, wrong: str
) -> None:
    with pytest.raises(ModelInvalid, match=wrong):
        foreign.onnx_model(mean_file().SerializeToString(), replace(FACTS, **settings))


def test_a_card_that_claims_gradients_is_refused() -> None:
    card, arrays = foreign.onnx_model(mean_file().SerializeToString(), FACTS)
    with pytest.raises(ModelInvalid, match="gives no gradients"):
        predictors.build(card.model_copy(update={"differentiable": True}), arrays, CPU)


def expanded(count: int) -> bytes:
    """Sums up a tensor of `count` copies of the picture's sum."""
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["s"], keepdims=0),
        helper.make_node("Expand", ["s", "size"], ["e"]),
        helper.make_node("ReduceSum", ["e"], ["t"], keepdims=0),
        helper.make_node("Reshape", ["t", "shape"], ["y"]),
    ]
    weights = {"size": np.array([count]), "shape": np.array([1, 1])}
    return file_of(nodes, weights, (1, 1, 4, 4)).SerializeToString()


def test_a_graph_that_wants_all_memory_fails_alone() -> None:
    with pytest.raises(ModelInvalid, match="Expand, which asks for too much memory"):
        built(expanded(2**33))
    assert built(expanded(2)).scores(torch.ones(1, 1, 4, 4)).item() == 32


@pytest.mark.parametrize(
    ("column", "wrong"), [(0, "not finite"), (7, "1 columns, and none 7")], ids=["nan", "column"]
)
def test_answers_that_are_not_what_the_card_says(column: int, wrong: str) -> None:
    root = helper.make_node("Sqrt", ["minus"], ["s"])
    total = helper.make_node("ReduceSum", ["x", "axes"], ["t"], keepdims=0)
    flat = helper.make_node("Reshape", ["t", "row"], ["r"])
    bad = helper.make_node("Add", ["r", "s"], ["y"])
    weights = {
        "minus": np.array([-1], np.float32), "axes": np.array([1, 2, 3]), "row": np.array([-1, 1])
    }  # fmt: skip
    data = file_of([root, total, flat, bad], weights, ("n", 1, 4, 4)).SerializeToString()
    facts = replace(FACTS, readings=(Reading(output="y", column=column),))
    with pytest.raises(ModelInvalid, match=wrong):
        built(data, facts)


def test_a_graph_that_is_no_graph_to_the_runtime_is_refused_without_its_words() -> None:
    node = helper.make_node("Add", ["x", "nowhere"], ["y"])
    with pytest.raises(ModelInvalid, match="does not take") as caught:
        built(file_of([node], {}, ("n", 1, 4, 4)).SerializeToString())
    assert "/" not in caught.value.message
