"""What an ONNX file may hold: read as the onnx package reads it, and refused by name."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from directrix.errors import ModelInvalid
from directrix.foreign import read_graph
from directrix.foreign.onnx_graph import MOST_NODES, Value
from directrix.foreign.protobuf import MOST_FIELDS
from tests.contract.models import onnx_model
from tests.contract.onnx_files import file_of

ONE = {"one": np.ones(1, np.float32)}


def small() -> onnx.ModelProto:
    """y = max(x + 1, 0)."""
    nodes = [
        helper.make_node("Add", ["x", "one"], ["t"]),
        helper.make_node("Relu", ["t"], ["y"]),
    ]
    return file_of(nodes, ONE)


def test_it_reads_what_the_file_says() -> None:
    data = onnx_model()[1]["graph"].tobytes()
    graph, told = read_graph(data), onnx.load_from_string(data).graph
    assert graph.outputs == tuple(each.name for each in told.output) == ("logits",)
    assert graph.inputs == {"x": Value(TensorProto.FLOAT, (None, 1, 12, 12))}
    assert graph.nodes == len(told.node)
    assert graph.operators == {node.op_type for node in told.node}


def test_initialisers_are_no_inputs_though_old_files_list_them() -> None:
    model = small()
    model.graph.input.append(helper.make_tensor_value_info("one", TensorProto.FLOAT, [1]))
    assert list(read_graph(model.SerializeToString()).inputs) == ["x"]


def node(operator: str, domain: str = "", **attributes: object) -> Callable[[], onnx.ModelProto]:
    made = helper.make_node(operator, ["x"], ["y"], domain=domain, **attributes)
    return lambda: file_of([made], {})


def branch() -> onnx.ModelProto:
    body = helper.make_graph([], "body", [], [])
    return node("Relu", then_branch=body)()


def far_away() -> onnx.ModelProto:
    model = small()
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="/etc/passwd")
    return model


def far_away_constant() -> onnx.ModelProto:
    value = numpy_helper.from_array(np.ones(1, np.float32))
    value.external_data.add(key="location", value="weights.bin")
    return node("Constant", value=value)()


def with_function() -> onnx.ModelProto:
    model = small()
    relu = helper.make_node("Relu", ["a"], ["b"])
    opsets = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("", "Add", ["a"], ["b"], [relu], opsets))
    return model


def with_training() -> onnx.ModelProto:
    model = small()
    model.training_info.add()
    return model


def own_operators() -> onnx.ModelProto:
    model = small()
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    return model


def sparse() -> onnx.ModelProto:
    model = small()
    model.graph.sparse_initializer.add()
    return model


def dropping_out() -> onnx.ModelProto:
    drop = helper.make_node("Dropout", ["x", "", "yes"], ["y"])
    return file_of([drop], {"yes": np.array(True)})


def endless() -> onnx.ModelProto:
    return file_of([helper.make_node("Relu", ["x"], ["y"])] * (MOST_NODES + 1), {})


REFUSED = {
    "Loop": node("Loop"),
    "RandomNormalLike": node("RandomNormalLike"),
    "StringNormalizer": node("StringNormalizer"),
    "PyOp": node("PyOp"),
    "ai.onnx.ml": node("Scaler", domain="ai.onnx.ml"),
    "com.example": own_operators,
    "hold graphs": branch,
    "other files": far_away,
    "lie in other": far_away_constant,
    "functions": with_function,
    "for training": with_training,
    "sparse": sparse,
    "drops out": dropping_out,
    "nodes at most": endless,
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_may_not_be_in_a_graph_is_named(named: str) -> None:
    with pytest.raises(ModelInvalid, match=named):
        read_graph(REFUSED[named]().SerializeToString())


def test_a_second_graph_is_looked_at_too() -> None:
    """A runtime merges both into one."""
    data = small().SerializeToString() + REFUSED["Loop"]().SerializeToString()
    with pytest.raises(ModelInvalid, match="Loop"):
        read_graph(data)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"ORTM" * 8, b"PK\x03\x04" + bytes(40), b"\xff" * 99]
)
def test_other_bytes_are_no_graph(data: bytes) -> None:
    with pytest.raises(ModelInvalid):
        read_graph(data)


def test_a_file_of_nothing_but_tiny_fields_is_given_up() -> None:
    names = b"\x12\x00" * (MOST_FIELDS + 1)
    with pytest.raises(ModelInvalid, match="too many parts"):
        read_graph(small().SerializeToString() + names)


def test_a_field_number_that_shorter_integers_would_wrap_is_refused() -> None:
    """To a reader with keys of 32 bits, 2^29 + 7 is field 7: a graph that nobody looked at."""
    hidden = REFUSED["Loop"]().graph.SerializeToString()
    key = ((2**29 + 7) << 3) | 2
    wrapped = bytes([key & 0x7F | 0x80, key >> 7 & 0x7F | 0x80, key >> 14 & 0x7F | 0x80,
                     key >> 21 & 0x7F | 0x80, key >> 28])  # fmt: skip
    size = bytes([len(hidden)])
    with pytest.raises(ModelInvalid, match="no protobuf"):
        read_graph(small().SerializeToString() + wrapped + size + hidden)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_are_refused_or_read_but_never_worse(data: st.DataObject) -> None:
    whole = bytearray(small().SerializeToString())
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    try:
        read_graph(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except ModelInvalid as error:
        assert error.message
