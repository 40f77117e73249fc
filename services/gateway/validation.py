"""Requests against the rules that the protos carry (protovalidate)."""

from google.protobuf.message import Message
from protovalidate import Validator, Violation

from directrix.errors import InvalidField

MOST_VIOLATIONS = 20


class Rules:
    """Checks messages of any type; keeps the compiled rules."""

    def __init__(self) -> None:
        self._validator = Validator()

    def check(self, message: Message, prefix: str = "") -> None:
        """Raises InvalidField with every violation; says rules, never values."""
        violations = self._validator.collect_violations(message)
        if violations:
            raise _invalid(violations[:MOST_VIOLATIONS], prefix)


def _invalid(violations: list[Violation], prefix: str) -> InvalidField:
    pairs = tuple((prefix + _path(v), v.proto.message or v.proto.rule_id) for v in violations)
    field, description = pairs[0]
    more = f" (and {len(pairs) - 1} more)" if len(pairs) > 1 else ""
    return InvalidField(f"{field}: {description}{more}", field=field, violations=pairs)


def _path(violation: Violation) -> str:
    field = violation.proto.field
    if field is None:
        return ""
    return ".".join(_element(element) for element in field.elements)


def _element(element: object) -> str:
    name = str(getattr(element, "field_name", ""))
    subscript = getattr(element, "subscript", None)
    return f"{name}[{subscript.value}]" if subscript is not None else name
