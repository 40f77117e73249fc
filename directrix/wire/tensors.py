"""Dense arrays: little endian, C order."""

import math

import numpy as np

from directrix.errors import InvalidField
from directrix.v1 import values_pb2 as pb

MAX_ELEMENTS = 2**26
"""More is refused before anything is allocated (256 MiB of float32)."""

MAX_AXES = 8

DTYPES: dict[int, np.dtype] = {
    pb.DATA_TYPE_FLOAT32: np.dtype("<f4"),
    pb.DATA_TYPE_INT64: np.dtype("<i8"),
    pb.DATA_TYPE_UINT8: np.dtype("u1"),
}


def tensor_to_proto(array: np.ndarray) -> pb.Tensor:
    """float32, int64 or uint8 as it is. Raises InvalidField for any other element type."""
    for number, dtype in DTYPES.items():
        if array.dtype == dtype:
            data = np.ascontiguousarray(array, dtype).tobytes()
            return pb.Tensor(data_type=number, shape=array.shape, data=data)
    raise InvalidField(f"a tensor holds float32, int64 or uint8, not {array.dtype}", field="tensor")


def tensor_from_proto(
    message: pb.Tensor,
    path: str = "tensor",
    dtype: str = "float32",
    axes: int | None = None,
) -> np.ndarray:
    """A read-only array over the message's own bytes.

    axes: how many there must be. Raises InvalidField for another element type, a length that is
    not the shape's, more than MAX_ELEMENTS, NaN or infinity.
    """
    kind = DTYPES.get(message.data_type)
    if kind is None or kind != np.dtype(dtype):
        name = "unset" if kind is None else kind.name
        raise InvalidField(
            f"{path} holds {dtype}, its data type is {name}", field=f"{path}.data_type"
        )
    shape = tuple(message.shape)
    if axes is not None and len(shape) != axes:
        raise InvalidField(
            f"{path} has {axes} axes, not the {len(shape)} of its shape",
            field=f"{path}.shape",
        )
    if len(shape) > MAX_AXES or any(n < 0 for n in shape) or math.prod(shape) > MAX_ELEMENTS:
        raise InvalidField(
            f"{path} has at most {MAX_AXES} axes, none negative, and {MAX_ELEMENTS} elements",
            field=f"{path}.shape",
        )
    if len(message.data) != math.prod(shape) * kind.itemsize:
        raise InvalidField(
            f"{path} has {len(message.data)} bytes; its shape needs "
            f"{math.prod(shape) * kind.itemsize}",
            field=f"{path}.data",
        )
    array = np.frombuffer(message.data, kind).reshape(shape)
    if kind.kind == "f" and not np.isfinite(array).all():
        raise InvalidField(f"{path} holds values that are not finite", field=f"{path}.data")
    return array
