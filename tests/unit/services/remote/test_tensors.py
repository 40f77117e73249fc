"""Tensors of the protocol: every type comes back, and what does not fill its shape is refused."""

import numpy as np
import pytest

from directrix.inference.open_inference import open_inference_pb2 as pb
from services.remote.tensors import CONTENTS, TYPES, outputs_of, request_of


def answer(kind: str, shape: tuple[int, ...], raw: bytes | None = None) -> pb.ModelInferResponse:
    message = pb.ModelInferResponse()
    message.outputs.add(name="y", datatype=kind, shape=shape)
    if raw is not None:
        message.raw_output_contents.append(raw)
    return message


@pytest.mark.parametrize("kind", TYPES)
def test_raw_numbers_come_back(kind: str) -> None:
    values = np.array([[0, 1, 1], [1, 0, 1]]).astype(TYPES[kind])
    found = outputs_of(answer(kind, (2, 3), values.tobytes()), ["y"])["y"]
    assert found.dtype == values.dtype and np.array_equal(found, values)


@pytest.mark.parametrize("kind", CONTENTS)
def test_written_numbers_come_back(kind: str) -> None:
    message = answer(kind, (3,))
    getattr(message.outputs[0].contents, CONTENTS[kind]).extend([1, 0, 2])
    assert outputs_of(message, ["y"])["y"].tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        (answer("FP32", (2,), bytes(4)), "fill its shape"),
        (answer("FP32", (1,), bytes(3)), "cut off"),
        (answer("FP32", (-1, -1), bytes(4)), "fill its shape"),
        (answer("FP32", (2**62, 4, 4), b""), "fill its shape"),
        (answer("BYTES", (1,), bytes(4)), "of type"),
        (answer("FP16", (0,)), "of type"),
        (pb.ModelInferResponse(), "missing"),
        (pb.ModelInferResponse(raw_output_contents=[b""]), "have 1 contents"),
    ],
)
def test_what_cannot_be_is_refused(message: pb.ModelInferResponse, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        outputs_of(message, ["y"])


def test_a_request_is_little_endian_and_says_its_type() -> None:
    batch = np.arange(4, dtype=np.uint8).reshape(2, 2)
    request = request_of("m", "1", "x", batch, ["a", "b"])
    assert request.inputs[0].datatype == "UINT8" and list(request.inputs[0].shape) == [2, 2]
    assert request.raw_input_contents[0] == bytes(range(4))
    assert [output.name for output in request.outputs] == ["a", "b"]
