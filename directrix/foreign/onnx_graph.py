"""What an ONNX file says of itself, read without any runtime; what may not be in one is refused.

    model -> opsets, graph -> nodes -> attributes -> constants
                           -> initialisers, inputs, outputs

A field that protobuf would merge, or of which it would take the last, is looked at wherever it
stands: whatever the runtime may come to see was seen here.

Source: onnx-ml.proto of ONNX 1.23 (numbers of fields).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from directrix.errors import ModelInvalid
from directrix.foreign.operators import OPERATORS
from directrix.foreign.protobuf import Wire, text

MOST_BYTES = 256 * 2**20
"""Of a file."""
MOST_NODES = 10_000
STANDARD = ("", "ai.onnx")
"""The standard domain, as it is spelled."""
FLOAT32, UINT8 = 1, 2
"""Element types of TensorProto."""

_GRAPH, _TRAINING, _FUNCTIONS = 7, 20, 25
_ATTRIBUTES_REFUSED = {6: "graphs", 11: "graphs", 22: "sparse tensors", 23: "sparse tensors"}
_TRAINS = 2
"""Place of the input of Dropout that makes it draw by chance."""
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


@dataclass(frozen=True)
class Value:
    """An input. element: its type, as in TensorProto. shape: None where a size is left open."""

    element: int
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class OnnxGraph:
    """inputs: without initialisers. outputs: names, in their order. operators: that it uses."""

    inputs: Mapping[str, Value]
    outputs: tuple[str, ...]
    nodes: int
    operators: frozenset[str]


def read_graph(data: bytes) -> OnnxGraph:
    """Raises ModelInvalid where the bytes are no ONNX file, or one that is not taken here."""
    if len(data) > MOST_BYTES:
        raise ModelInvalid(f"a graph has {MOST_BYTES // 2**20} MiB at most, not {len(data)} bytes")
    wire, graphs, opsets = Wire(), list[memoryview](), 0
    for number, value in wire.fields(memoryview(data)):
        if number in (_TRAINING, _FUNCTIONS):
            raise ModelInvalid("graphs with functions of their own, or for training, are not taken")
        if not isinstance(value, memoryview):
            continue
        if number == _GRAPH:
            graphs.append(value)
        elif number == 8:
            _check_domain(b"".join(wire.inside(value, 1)).decode("utf-8", "replace"))
            opsets += 1
    if not graphs or not opsets:
        raise ModelInvalid("the bytes are no ONNX file: they name no graph, or no version of it")
    return _read(wire, graphs)


def _read(wire: Wire, graphs: list[memoryview]) -> OnnxGraph:
    operators: list[str] = []
    initialisers: set[str] = set()
    inputs: dict[str, Value] = {}
    outputs: list[str] = []
    for number, value in (field for graph in graphs for field in wire.fields(graph)):
        if not isinstance(value, memoryview):
            continue
        match number:
            case 1:
                operators.append(_operator(wire, value))
                if len(operators) > MOST_NODES:
                    raise ModelInvalid(f"a graph has {MOST_NODES} nodes at most")
            case 5:
                _check_tensor(wire, value)
                initialisers |= {text(name) for name in wire.inside(value, 8)}
            case 15:
                raise ModelInvalid("sparse tensors are not taken in graphs")
            case 11:
                inputs[_name(wire, value)] = _value(wire, value)
            case 12:
                outputs.append(_name(wire, value))
    kept = {name: value for name, value in inputs.items() if name not in initialisers}
    return OnnxGraph(kept, tuple(outputs), len(operators), frozenset(operators))


def _operator(wire: Wire, node: memoryview) -> str:
    """The operator of a node, once all of the node is seen to be harmless."""
    named, inputs = list[str](), list[memoryview]()
    for number, value in wire.fields(node):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            inputs.append(value)
        elif number == 4:
            named.append(text(value))
        elif number == 7:
            _check_domain(text(value))
        elif number == 5:
            _check_attribute(wire, value)
    for name in named:
        if name not in OPERATORS:
            raise ModelInvalid(
                f"the operator {name[:60]!r} is not taken in graphs: no control flow, chance, "
                "strings, sequences or operators of one's own",
                operator=name[:60],
            )
    if not named:
        raise ModelInvalid("a node of the graph names no operator")
    if "Dropout" in named and any(map(len, inputs[_TRAINS:])):
        raise ModelInvalid("a graph that drops out as in training is not taken: save it for use")
    return named[-1]


def _check_domain(domain: str) -> None:
    if domain not in STANDARD:
        raise ModelInvalid(
            f"operators of the domain {domain[:60]!r} are not taken in graphs: standard ones only",
            domain=domain[:60],
        )


def _check_attribute(wire: Wire, attribute: memoryview) -> None:
    for number, value in wire.fields(attribute):
        if number in _ATTRIBUTES_REFUSED:
            raise ModelInvalid(f"nodes that hold {_ATTRIBUTES_REFUSED[number]} are not taken")
        if number in (5, 10) and isinstance(value, memoryview):
            _check_tensor(wire, value)


def _check_tensor(wire: Wire, tensor: memoryview) -> None:
    for number, value in wire.fields(tensor):
        if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0):
            raise ModelInvalid(
                "a graph whose weights lie in other files is not taken: save it as one file"
            )


def _name(wire: Wire, value: memoryview) -> str:
    names = [text(name) for name in wire.inside(value, 1)]
    return names[-1] if names else ""


def _value(wire: Wire, value: memoryview) -> Value:
    element, shape = 0, list[int | None]()
    for kind in wire.inside(value, 2):
        for tensor in wire.inside(kind, 1):
            for number, found in wire.fields(tensor):
                if number == 1 and isinstance(found, int):
                    element = found
                elif number == 2 and isinstance(found, memoryview):
                    shape += [_size(wire, dimension) for dimension in wire.inside(found, 1)]
    return Value(element, tuple(shape))


def _size(wire: Wire, dimension: memoryview) -> int | None:
    sizes = [value for number, value in wire.fields(dimension) if number == 1]
    return sizes[-1] if sizes and isinstance(sizes[-1], int) and sizes[-1] > 0 else None
