"""Sealed page tokens: a cursor that only this system can make, for one list request only."""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from directrix.errors import InvalidField, PageTokenInvalid

T = TypeVar("T")

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000
_SEAL = 16


class ListRequest(Protocol):
    """What every list request has."""

    page_size: int
    page_token: str


@dataclass(frozen=True)
class Page:
    """What to read: at most `size` items that sort after `after`."""

    after: str
    size: int


class Pages:
    """Opens and seals the tokens of list calls.

    A token is base64url(seal | cursor), the seal an HMAC-SHA256 over the cursor and the call with
    its other arguments: a token for another call, filter or deployment is refused.
    """

    def __init__(self, secret: bytes):
        self._secret = secret

    async def read(
        self,
        call: str,
        arguments: Mapping[str, str],
        request: ListRequest,
        fetch: Callable[[str, int], Awaitable[list[T]]],
        cursor: Callable[[T], str],
    ) -> tuple[list[T], str]:
        """One page and the token of the next, which is empty at the end.

        fetch(after, limit): items in order, from behind the cursor `after` on.
        """
        page = self.open(call, arguments, request.page_size, request.page_token)
        found = await fetch(page.after, page.size + 1)
        if len(found) <= page.size:
            return found, ""
        items = found[: page.size]
        return items, self.seal(call, arguments, cursor(items[-1]))

    def open(self, call: str, arguments: Mapping[str, str], size: int, token: str) -> Page:
        """Raises InvalidField for a negative size, PageTokenInvalid for a token not made here."""
        if size < 0:
            raise InvalidField("page_size must not be negative", field="page_size")
        after = self._cursor(call, arguments, token) if token else ""
        return Page(after, min(size or DEFAULT_SIZE, LARGEST_SIZE))

    def seal(self, call: str, arguments: Mapping[str, str], cursor: str) -> str:
        raw = cursor.encode()
        return base64.urlsafe_b64encode(self._mac(call, arguments, raw) + raw).decode()

    def _cursor(self, call: str, arguments: Mapping[str, str], token: str) -> str:
        try:
            sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
            raw = sealed[_SEAL:]
            if not hmac.compare_digest(sealed[:_SEAL], self._mac(call, arguments, raw)):
                raise ValueError("seal")
            return raw.decode()
        except ValueError as error:  # covers bad base64, bad characters and a broken seal
            raise PageTokenInvalid(
                "the page token was not given by this list, or for other arguments; "
                "leave it out to begin anew"
            ) from error

    def _mac(self, call: str, arguments: Mapping[str, str], raw: bytes) -> bytes:
        scope = json.dumps([call, sorted(arguments.items())]).encode()
        return hmac.digest(self._secret, scope + b"\0" + raw, hashlib.sha256)[:_SEAL]
