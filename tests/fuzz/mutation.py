"""Hostile requests made from good ones: by what the fields of the message are, or byte by byte.

    good request -> a field or several changed | a message made up from its descriptor | bytes hurt

Everything is drawn from one `random.Random`: the same seed gives the same request.
"""

import math
import random
import string
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tests.integration.gateway.pictures import PICTURES

MADE_UP = 0.1
"""Share of requests that owe nothing to the good one."""
HURT = 0.15
"""Share whose bytes are damaged after encoding."""
DEPTH = 5
"""How deep a made-up message nests."""

NUMBERS = (0, 1, -1, 2, 7, 255, 256, 1000, 2**31 - 1, -(2**31), 2**32 - 1, 2**53, 2**63 - 1)
FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.5, 1e-38, 1e-300, 6.0, 1e6, 3.4e38, 1e308,
    math.inf, -math.inf, math.nan,
)  # fmt: skip
WORDS = (
    "", " ", "a", "toy", "\x00", "\n", "../../etc/passwd", "projects/default", "projects/-",
    "projects/default/models/toy", "projects/default/models/judge", "projects/other/models/toy",
    "projects/default/models/..", "projects/default/models/%2e%2e%2f",
    "projects/default/operations/x",
    "projects/default/findingSets/" + "0" * 40, "projects/default/audits/" + "f" * 41,
    "é" * 300, "\u202e\U0001f9e8", "{}", "[]", "null", '{"a":' * 60, "x" * 5000, "NaN",
    "00000000-0000-4000-8000-000000000000", "$(reboot)", "'; DROP TABLE jobs; --", "axes", "border",
)  # fmt: skip
INTEGERS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
}
"""The least and the largest number of each type."""


def words_of(goods: Iterable[Message]) -> list[str]:
    """What good requests say, for use where it does not belong."""
    said = {
        value
        for good in goods
        for each in _messages(good)
        for field, values in each.ListFields()
        if field.type == FieldDescriptor.TYPE_STRING and not _is_map(field)
        for value in (values if field.is_repeated else [values])
    }
    return sorted(said)


class Hostility:
    """Makes one hostile request, or by chance one that happens to be good.

    words: what the world behind the gateway is called, as `words_of` gathers it.
    """

    def __init__(self, words: Sequence[str], chance: random.Random):
        self._words, self._chance = words, chance

    def request(self, good: Message) -> bytes:
        chance = self._chance
        if chance.random() < MADE_UP:
            message = self._made_up(good.DESCRIPTOR, DEPTH)
        else:
            message = type(good)()
            message.CopyFrom(good)
            for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
                self._change(message)
        data = message.SerializeToString()
        return damage(data, chance) if chance.random() < HURT else data

    def _change(self, message: Message) -> None:
        """Changes one field of the message or of one inside it."""
        inner = [each for each in _messages(message) if each.DESCRIPTOR.fields]
        place = self._chance.choice(inner or [message])
        if not place.DESCRIPTOR.fields:
            return
        field = self._chance.choice(place.DESCRIPTOR.fields)
        if self._chance.random() < 0.1:
            place.ClearField(field.name)
        else:
            self._set(place, field, 3)

    def _made_up(self, descriptor: Descriptor, depth: int) -> Message:
        message = GetMessageClass(descriptor)()
        for field in descriptor.fields:
            if self._chance.random() < 0.6:
                self._set(message, field, depth)
        return message

    def _set(self, message: Message, field: FieldDescriptor, depth: int) -> None:
        if _is_map(field):
            self._fill(getattr(message, field.name), field, depth)
        elif field.is_repeated:
            message.ClearField(field.name)
            count = self._chance.choice((0, 1, 1, 2, 3, 17, 300 if depth > 2 else 4))
            values = [self._value(field, depth - 1) for _ in range(count)]
            same = self._chance.random() < 0.3
            getattr(message, field.name).extend(values[:1] * count if same else values)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(message, field.name).CopyFrom(self._value(field, depth - 1))
        else:
            setattr(message, field.name, self._value(field, depth))

    def _fill(self, held: Any, field: FieldDescriptor, depth: int) -> None:
        """A map."""
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        for _ in range(self._chance.choice((0, 1, 2, 9))):
            name = self._value(key, depth)
            if value.type == FieldDescriptor.TYPE_MESSAGE:
                held[name].CopyFrom(self._value(value, depth - 1))
            else:
                held[name] = self._value(value, depth)

    def _value(self, field: FieldDescriptor, depth: int) -> Any:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            empty = GetMessageClass(field.message_type)()
            return self._made_up(field.message_type, depth) if depth > 0 else empty
        if field.type in INTEGERS:
            least, most = INTEGERS[field.type]
            small = self._chance.randint(0, 4), self._chance.randint(-100, 100)
            number = self._chance.choice((*small, self._chance.choice((*NUMBERS, least, most))))
            return min(max(number, least), most)
        return self._scalars[field.type](self, field)

    def _word(self, field: FieldDescriptor) -> str:
        kind = self._chance.random()
        if kind < 0.9:
            return self._chance.choice(self._words if kind < 0.6 else WORDS)
        return "".join(self._chance.choices(string.printable, k=self._chance.choice((1, 40, 400))))

    def _bytes(self, field: FieldDescriptor) -> bytes:
        if self._chance.random() < 0.5:
            picture = self._chance.choice(list(PICTURES.values()))
            return damage(picture, self._chance) if self._chance.random() < 0.5 else picture
        if self._chance.random() < 0.5:
            numbers = self._chance.choices(FLOATS, k=self._chance.choice((1, 4, 6)))
            return struct.pack(f"<{len(numbers)}d", *numbers)
        return self._chance.randbytes(self._chance.choice((0, 1, 8, 24, 400, 20_000)))

    def _float(self, field: FieldDescriptor) -> float:
        return self._chance.choice((self._chance.choice(FLOATS), self._chance.uniform(-3, 3)))

    def _enum(self, field: FieldDescriptor) -> int:
        known = [each.number for each in field.enum_type.values]
        return self._chance.choice((*known, *known, -1, 99, 2**31 - 1))

    def _bool(self, field: FieldDescriptor) -> bool:
        return self._chance.random() < 0.5

    _scalars: ClassVar[dict[int, Callable[..., object]]] = {
        FieldDescriptor.TYPE_STRING: _word,
        FieldDescriptor.TYPE_BYTES: _bytes,
        FieldDescriptor.TYPE_FLOAT: _float,
        FieldDescriptor.TYPE_DOUBLE: _float,
        FieldDescriptor.TYPE_BOOL: _bool,
        FieldDescriptor.TYPE_ENUM: _enum,
    }


def damage(data: bytes, chance: random.Random) -> bytes:
    """Cut, flipped, doubled, followed by noise, an unknown field or groups without an end."""
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: data[: chance.randrange(len(data) + 1)],
        lambda: _flipped(data, chance),
        lambda: data + data,
        lambda: data + chance.randbytes(chance.choice((1, 3, 40))),
        lambda: data + b"\xfa\xff\xff\xff\x0f\x03abc",
        lambda: data + b"\x0b" * chance.choice((1, 99, 2000)),
        lambda: b"\x0a\xff\xff\xff\xff\x07" + data,
        lambda: chance.randbytes(len(data)),
    )
    return chance.choice(ways)()


def _flipped(data: bytes, chance: random.Random) -> bytes:
    hurt = bytearray(data)
    for _ in range(min(len(hurt), chance.choice((1, 2, 8)))):
        hurt[chance.randrange(len(hurt))] ^= 1 << chance.randrange(8)
    return bytes(hurt)


def _messages(message: Message) -> list[Message]:
    """The message and all that are set inside it, but for values of maps."""
    found = [message]
    for field, value in message.ListFields():
        if field.type != FieldDescriptor.TYPE_MESSAGE or _is_map(field):
            continue
        for each in value if field.is_repeated else [value]:
            found += _messages(each)
    return found


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)
