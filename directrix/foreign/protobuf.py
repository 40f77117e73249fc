"""Bytes of a protobuf message -> its fields, without a schema and without running anything.

Source: protobuf's encoding, https://protobuf.dev/programming-guides/encoding/. Groups, which proto3
has not, are refused.
"""

from collections.abc import Iterator

from directrix.errors import ModelInvalid

MOST_FIELDS = 400_000
"""That one reader reads: a file of tiny fields would keep it busy for long."""

_VARINT, _WIDE, _LENGTH, _NARROW = 0, 1, 2, 5
_FIXED = {_WIDE: 8, _NARROW: 4}
_LONGEST_VARINT = 10
_MOST_NUMBERS = 2**29


class Wire:
    """Reads the messages of one file, at most `most` fields in all."""

    def __init__(self, most: int = MOST_FIELDS):
        self._left = most

    def fields(self, data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
        """(number, value) of every field in the order of the bytes: an int, or bytes not yet read.

        Raises ModelInvalid where the bytes are no message.
        """
        place = 0
        while place < len(data):
            self._left -= 1
            if self._left < 0:
                raise ModelInvalid("the file has too many parts")
            key, place = _varint(data, place)
            number, kind = key >> 3, key & 7
            if not 0 < number < _MOST_NUMBERS:
                # A reader with shorter integers would take it for another field.
                raise ModelInvalid("the bytes are no protobuf message")
            if kind == _VARINT:
                value, place = _varint(data, place)
                yield number, value
                continue
            if kind == _LENGTH:
                size, place = _varint(data, place)
            elif kind in _FIXED:
                size = _FIXED[kind]
            else:
                raise ModelInvalid("the bytes are no protobuf message")
            if place + size > len(data):
                raise ModelInvalid("the bytes are no protobuf message, or a part of one is missing")
            yield number, data[place : place + size]
            place += size

    def inside(self, data: memoryview, number: int) -> Iterator[memoryview]:
        """Every message, string or byte field of this number."""
        for found, value in self.fields(data):
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
