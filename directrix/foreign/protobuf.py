"""Bytes of a protobuf message -> its fields, without a schema and without running anything.

Source: protobuf's encoding, https://protobuf.dev/programming-guides/encoding/. Groups, which proto3
has not, are refused.
"""

from collections.abc import Iterator

from directrix.errors import ModelInvalid

VARINT, WIDE, LENGTH, NARROW = 0, 1, 2, 5
_FIXED = {WIDE: 8, NARROW: 4}
_LONGEST_VARINT = 10
_MOST_FIELDS = 2**29


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of every field in the order of the bytes: an int, or bytes not yet read.

    Raises ModelInvalid where the bytes are no message.
    """
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if not 0 < number < _MOST_FIELDS:
            # A reader with shorter integers would take it for another field.
            raise ModelInvalid("the bytes are no protobuf message")
        if kind == VARINT:
            value, place = _varint(data, place)
            yield number, value
            continue
        if kind == LENGTH:
            size, place = _varint(data, place)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise ModelInvalid("the bytes are no protobuf message")
        if place + size > len(data):
            raise ModelInvalid("the bytes are no protobuf message, or a part of one is missing")
        yield number, data[place : place + size]
        place += size


def inside(data: memoryview, number: int) -> Iterator[memoryview]:
    """Every message, string or byte field of this number."""
    for found, value in fields(data):
        if found == number and isinstance(value, memoryview):
            yield value


def text(value: memoryview) -> str:
    """Raises ModelInvalid where it is no UTF-8."""
    try:
        return bytes(value).decode()
    except UnicodeDecodeError as error:
        raise ModelInvalid("a name is no UTF-8 text") from error


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """The number that begins at `place`, and where the next thing begins."""
    value = 0
    for shift, byte in enumerate(data[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value & (2**64 - 1), place + shift + 1
    raise ModelInvalid("the bytes are no protobuf message, or a part of one is missing")
