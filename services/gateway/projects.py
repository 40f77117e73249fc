"""Which project a request is about: read from the resource names in it, wherever they stand."""

import re
from collections.abc import Iterator
from functools import cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

_NAME = re.compile(r"projects/([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:/|$)")


def projects_in(message: Message) -> Iterator[str]:
    """The project of every name in a message, in the order of its fields.

    What looks like a name but is none has no project here; `Names` refuses it.
    """
    for field, repeated in _fields(message.DESCRIPTOR):
        values = getattr(message, field.name)
        if field.message_type is not None:
            if not repeated:
                values = [values] if message.HasField(field.name) else ()
            for value in values:
                yield from projects_in(value)
            continue
        for value in values if repeated else (values,):
            match = _NAME.match(value)
            if match is not None:
                yield match[1]


@cache
def _fields(message: Descriptor) -> tuple[tuple[FieldDescriptor, bool], ...]:
    """Those that hold text or messages, and whether they are lists; maps hold no names."""
    return tuple(
        (field, field.is_repeated)
        for field in message.fields
        if (field.type == FieldDescriptor.TYPE_STRING)
        or (field.message_type is not None and not field.message_type.GetOptions().map_entry)
    )
