"""Tensors: exact there and back, and refused before anything is allocated."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.v1 import values_pb2 as pb
from directrix.wire.tensors import tensor_from_proto, tensor_to_proto


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_arrays_come_back_with_type_and_shape(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    again = tensor_from_proto(tensor_to_proto(array), dtype=dtype)
    assert again.dtype == array.dtype
    assert again.shape == shape
    assert np.array_equal(again, array)
    assert not again.flags.writeable


def test_a_transposed_array_travels_in_c_order():
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    assert np.array_equal(tensor_from_proto(tensor_to_proto(array)), array)


def test_doubles_do_not_travel():
    with pytest.raises(InvalidField):
        tensor_to_proto(np.zeros(2))


def tensor(**parts) -> pb.Tensor:
    whole = {"data_type": pb.DATA_TYPE_FLOAT32, "shape": [2], "data": bytes(8)}
    return pb.Tensor(**(whole | parts))


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (tensor(data_type=0), "t.data_type"),
        (tensor(data_type=99), "t.data_type"),
        (tensor(data_type=pb.DATA_TYPE_INT64, data=bytes(16)), "t.data_type"),
        (tensor(shape=[3]), "t.data"),
        (tensor(data=bytes(7)), "t.data"),
        (tensor(shape=[-2]), "t.shape"),
        (tensor(shape=[2**40, 2**40], data=b""), "t.shape"),
        (tensor(shape=[2**27], data=b""), "t.shape"),
        (tensor(shape=[1] * 8 + [2]), "t.shape"),
        (tensor(data=np.array([1, np.nan], "<f4").tobytes()), "t.data"),
        (tensor(data=np.array([1, -np.inf], "<f4").tobytes()), "t.data"),
    ],
)
def test_what_is_wrong_is_named(message, place):
    with pytest.raises(InvalidField) as caught:
        tensor_from_proto(message, "t")
    assert caught.value.field == place


def test_the_number_of_axes_may_be_asked_for():
    with pytest.raises(InvalidField) as caught:
        tensor_from_proto(tensor(), "t", axes=2)
    assert caught.value.field == "t.shape"
