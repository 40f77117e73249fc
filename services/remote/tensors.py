"""Arrays <-> tensors of the Open Inference Protocol v2."""

from collections.abc import Mapping, Sequence

import numpy as np

from directrix.inference.open_inference import open_inference_pb2 as pb

TYPES: Mapping[str, str] = {
    "BOOL": "?", "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "UINT8": "u1",
    "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
"""By the protocol's names, as raw contents hold them."""

CONTENTS: Mapping[str, str] = {
    "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents",
    "UINT32": "uint_contents", "UINT64": "uint64_contents", "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}  # fmt: skip
"""The field that holds the numbers of a type where there are no raw contents."""

SENT = {"float32": "FP32", "uint8": "UINT8"}


def request_of(
    model: str, version: str, source: str, batch: np.ndarray, outputs: Sequence[str]
) -> pb.ModelInferRequest:
    """batch: float32 or uint8, any shape; source: the input's name."""
    kind = SENT[batch.dtype.name]
    request = pb.ModelInferRequest(model_name=model, model_version=version)
    request.inputs.add(name=source, datatype=kind, shape=batch.shape)
    request.raw_input_contents.append(batch.astype(TYPES[kind]).tobytes())
    for name in outputs:
        request.outputs.add(name=name)
    return request


def outputs_of(answer: pb.ModelInferResponse, outputs: Sequence[str]) -> dict[str, np.ndarray]:
    """The outputs that were asked for. Raises ValueError, saying what is wrong with them."""
    raw = answer.raw_output_contents
    if raw and len(raw) != len(answer.outputs):
        raise ValueError(f"{len(answer.outputs)} outputs have {len(raw)} contents")
    found = {}
    for place, output in enumerate(answer.outputs):
        if output.name in outputs:
            found[output.name] = _array(output, raw[place] if raw else None)
    for name in outputs:
        if name not in found:
            raise ValueError(f"the output {name!r} is missing")
    return found


def _array(output: pb.ModelInferResponse.InferOutputTensor, raw: bytes | None) -> np.ndarray:
    kind, shape = output.datatype, tuple(output.shape)
    if kind not in TYPES or (raw is None and kind not in CONTENTS):
        raise ValueError(f"the output {output.name[:60]!r} is of type {kind[:20]!r}")
    if raw is None:
        values = np.array(getattr(output.contents, CONTENTS[kind]), TYPES[kind])
    elif len(raw) % np.dtype(TYPES[kind]).itemsize == 0:
        values = np.frombuffer(raw, TYPES[kind])
    else:
        raise ValueError(f"the output {output.name[:60]!r} is cut off")
    if any(side < 0 for side in shape) or int(np.prod(shape, dtype=object)) != values.size:
        raise ValueError(f"the output {output.name[:60]!r} does not fill its shape")
    return values.reshape(shape)
