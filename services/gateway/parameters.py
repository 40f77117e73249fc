"""Parameters of a method against the JSON Schema that workers publish, defaults filled in.

A Struct knows only doubles: whole numbers become integers, which the schemas of all methods take
for either.
"""

import math
from collections.abc import Mapping

from google.protobuf.struct_pb2 import Struct, Value
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from pydantic import JsonValue

from directrix.errors import InvalidField

MOST_VIOLATIONS = 20

_WORDS = {
    "type": "is of type",
    "minimum": "is at least",
    "maximum": "is at most",
    "exclusiveMinimum": "is more than",
    "exclusiveMaximum": "is less than",
    "enum": "is one of",
    "const": "is",
    "minLength": "has at least so many characters:",
    "maxLength": "has at most so many characters:",
    "minItems": "has at least so many items:",
    "maxItems": "has at most so many items:",
    "multipleOf": "is a multiple of",
    "pattern": "matches",
    "required": "has all of",
}


def filled(
    given: Struct, schema: Mapping[str, object], path: str = "parameters"
) -> dict[str, JsonValue]:
    """The parameters with defaults. Raises InvalidField with every violation, naming the rules."""
    values = json_of(given, path)
    errors = sorted(Draft202012Validator(dict(schema)).iter_errors(values), key=lambda e: e.path)
    if errors:
        pairs = tuple(_violation(error, path) for error in errors[:MOST_VIOLATIONS])
        field, message = pairs[0]
        raise InvalidField(message, field=field, violations=pairs)
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        for name, rule in properties.items():
            if isinstance(rule, Mapping) and "default" in rule:
                values.setdefault(str(name), _whole(rule["default"]))
    return values


def json_of(given: Struct, path: str) -> dict[str, JsonValue]:
    """Raises InvalidField for what JSON has no words for."""
    return {name: _json(value, f"{path}.{name}") for name, value in given.fields.items()}


def _json(value: Value, path: str) -> JsonValue:
    match value.WhichOneof("kind"):
        case "null_value":
            return None
        case "bool_value":
            return value.bool_value
        case "string_value":
            return value.string_value
        case "number_value":
            return _number(value.number_value, path)
        case "struct_value":
            return json_of(value.struct_value, path)
        case "list_value":
            return [_json(v, f"{path}[{i}]") for i, v in enumerate(value.list_value.values)]
        case _:
            raise InvalidField(f"{path} has no value", field=path)


def _number(number: float, path: str) -> JsonValue:
    if not math.isfinite(number):
        raise InvalidField(f"{path} is not a finite number", field=path)
    return _whole(number)


def _whole(value: JsonValue) -> JsonValue:
    """The one spelling of a number: the digest of a job must not depend on 5 or 5.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _violation(error: ValidationError, path: str) -> tuple[str, str]:
    field = path + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path
    )
    if error.validator == "additionalProperties":
        known = ", ".join(sorted(error.schema.get("properties", {})))
        return field, f"{field} has a name that the method does not know: it knows {known}"
    words = _WORDS.get(str(error.validator))
    if words is None:
        return field, f"{field} has none of the allowed forms"
    return field, f"{field} {words} {error.validator_value}"
