"""Lists: pages asked for until there are no more."""

from collections.abc import Callable, Iterable
from typing import Any

from directrix.client.steps import Call, Dialogue, T

PAGE = 1000


def everything(
    page: Callable[[str], Call], items: Callable[[Any], Iterable[T]]
) -> Dialogue[list[T]]:
    """page: the call for a page token. items: the decoded items of its answer."""
    found: list[T] = []
    token = ""
    while True:
        answer = yield page(token)
        found += items(answer)
        token = answer.next_page_token
        if not token:
            return found
