"""ONNX files made by hand: a convolutional classifier of ours, and whatever a test asks for."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def file_of(
    nodes: Sequence[onnx.NodeProto],
    weights: Mapping[str, np.ndarray],
    shape: Sequence[object] = ("n", 1, 12, 12),
    element: int = TensorProto.FLOAT,
    outputs: Sequence[str] = ("y",),
) -> onnx.ModelProto:
    """A model with the input "x" of this shape, whose strings are sizes left open."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", element, list(shape))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def convolutional_file(
    arrays: Mapping[str, np.ndarray], blocks: Sequence[Sequence[int]], shape: Sequence[object]
) -> bytes:
    """A `ConvolutionalNetwork` in standard operators; its output is called "logits"."""
    nodes, last = [], "x"

    def add(operator: str, *inputs: str, **attributes: object) -> None:
        nonlocal last
        output = f"t{len(nodes)}"
        nodes.append(helper.make_node(operator, [last, *inputs], [output], **attributes))
        last = output

    for i, widths in enumerate(blocks):
        if i > 0:
            add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        for j in range(len(widths)):
            norm = f"blocks.{i}.{3 * j + 1}"
            add("Conv", f"blocks.{i}.{3 * j}.weight", pads=[1, 1, 1, 1])
            add("BatchNormalization", *(f"{norm}.{part}" for part in NORM), epsilon=1e-5)
            add("Relu")
    add("Flatten")
    add("Gemm", "hidden.weight", "hidden.bias", transB=1)
    add("Relu")
    add("Gemm", "outputs.weight", "outputs.bias", transB=1)
    nodes.append(helper.make_node("Identity", [last], ["logits"]))
    weights = {name: array for name, array in arrays.items() if "num_batches" not in name}
    return file_of(nodes, weights, shape, outputs=["logits"]).SerializeToString()


NORM = ("weight", "bias", "running_mean", "running_var")
