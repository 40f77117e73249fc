"""Redaction: what never leaves a process in a line of log or on a span.

By name: values of fields called like a secret, or like a picture or a vector. By form: signed
addresses, passwords in addresses, bearer tokens, long runs of base64 or of numbers, bytes. By
value: the secrets of this process, wherever they stand.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

REDACTED = "<redacted>"
LONGEST = 2000
"""Characters of a text at most; traces of defects may have more."""
LONGEST_TRACE = 16_000
LONG = 100
"""From here on a text is looked at closely, whatever is in it."""
SHORTEST_SECRET = 6

_SECRET_NAMES = re.compile(
    r"secret|token|passw|authori[sz]ation|api_?-?key|access_?-?key|credential|cookie|private|signed"
)
_PAYLOAD_NAMES = re.compile(
    r"^(image|images|pixels|picture|mask|png|latents?|vectors?|tensors?|arrays?|data|body|recipe)$"
)
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    # an address whose query is signed: all of the query goes
    (re.compile(r"(\w+://[^\s?\"']+)\?[^\s\"']*(?:[Ss]ignature|AWSAccessKeyId)=[^\s\"']*"), r"\1?"),
    (re.compile(r"(\w+://)[^/@\s]*@"), r"\1"),
    (re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]+"), ""),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), ""),
    (
        re.compile(r"(?i)\b([\w-]*(?:secret|token|passw|api_?key)[\w-]*[=:]\s*[\"']?)[^\s,;&\"']+"),
        r"\1",
    ),
    (re.compile(r"[A-Za-z0-9+/_-]{200,}={0,2}"), ""),
    (re.compile(r"(?:[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?[,\s]+){24,}"), ""),
    (re.compile(r"(?:\\x[0-9a-f]{2}){8,}"), ""),
)
_MARKS = ("://", "earer", "asic", "eyj", "secret", "token", "passw", "api", "\\x")
"""Without one of these, in small letters, a short text has nothing of those forms."""


class Redactor:
    """secrets: the values that this process holds; short ones would hide ordinary words."""

    def __init__(self, secrets: Iterable[str] = ()):
        self._secrets = tuple(
            sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=len, reverse=True)
        )

    def fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The same fields, fit to be written."""
        return {name: self.value(name, value) for name, value in fields.items()}

    def value(self, name: str, value: Any, depth: int = 4) -> Any:
        kind = _kind(name)
        if kind == "secret":
            return value if value in ("", None) else REDACTED
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            if kind == "payload" and len(value) > 64:
                return f"<{len(value)} characters>"
            return self.text(value, LONGEST_TRACE if kind == "trace" else LONGEST)
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if isinstance(value, Mapping) and depth:
            return {str(key): self.value(str(key), each, depth - 1) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and depth:
            if kind == "payload" or len(value) > 64:
                return f"<{len(value)} values>"
            return [self.value("", each, depth - 1) for each in value]
        return f"<{type(value).__name__}>"  # arrays, messages, settings: their text may hold all

    def text(self, text: str, longest: int = LONGEST) -> str:
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        if len(text) > longest:
            text = f"{text[:longest]}... ({len(text)} characters)"
        if len(text) < LONG and not any(map(text.lower().__contains__, _MARKS)):
            return text
        for form, kept in _FORMS:
            text = form.sub(kept + REDACTED, text)
        return text


@lru_cache(maxsize=1024)
def _kind(name: str) -> str:
    name = name.lower()
    if name in ("trace", "exception", "stack"):
        return "trace"
    if _SECRET_NAMES.search(name):
        return "secret"
    return "payload" if _PAYLOAD_NAMES.match(name) else ""
