"""Page tokens: only ours, only for the list that gave them."""

import asyncio
import base64
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directrix.errors import InvalidField, PageTokenInvalid
from services.gateway.paging import DEFAULT_SIZE, LARGEST_SIZE, Page, Pages

PAGES = Pages(b"secret")
SCOPE = {"parent": "projects/default"}


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_a_sealed_cursor_comes_back(cursor: str) -> None:
    token = PAGES.seal("models", SCOPE, cursor)
    assert PAGES.open("models", SCOPE, 0, token) == Page(cursor, DEFAULT_SIZE)


@given(st.integers(0, 400), st.integers(1, 255))
def test_any_flipped_byte_breaks_the_seal(place: int, flip: int) -> None:
    sealed = bytearray(base64.urlsafe_b64decode(PAGES.seal("models", SCOPE, "toy" * 3)))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(PageTokenInvalid):
        PAGES.open("models", SCOPE, 0, base64.urlsafe_b64encode(sealed).decode())


@given(st.text(min_size=1, max_size=60))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(PageTokenInvalid):
        PAGES.open("models", SCOPE, 0, text)


@pytest.mark.parametrize(
    ("pages", "call", "scope"),
    [
        (PAGES, "findingSets", SCOPE),
        (PAGES, "models", {"parent": "projects/other"}),
        (PAGES, "models", SCOPE | {"filter": "x"}),
        (Pages(b"another"), "models", SCOPE),
    ],
)
def test_a_token_is_for_one_list_of_one_deployment(
    pages: Pages, call: str, scope: dict[str, str]
) -> None:
    with pytest.raises(PageTokenInvalid):
        pages.open(call, scope, 0, PAGES.seal("models", SCOPE, "toy"))


@pytest.mark.parametrize(("size", "used"), [(0, DEFAULT_SIZE), (1, 1), (10**6, LARGEST_SIZE)])
def test_sizes_are_coerced(size: int, used: int) -> None:
    assert PAGES.open("models", SCOPE, size, "").size == used


def test_negative_sizes_are_refused() -> None:
    with pytest.raises(InvalidField):
        PAGES.open("models", SCOPE, -1, "")


@given(st.integers(0, 30), st.integers(1, 12))
def test_pages_cover_the_whole_list_once(count: int, size: int) -> None:
    items = [f"{i:03d}" for i in range(count)]

    async def fetch(after: str, limit: int) -> list[str]:
        return [item for item in items if item > after][:limit]

    async def walk() -> list[str]:
        seen, token = [], ""
        while True:
            request = SimpleNamespace(page_size=size, page_token=token)
            page, token = await PAGES.read("models", SCOPE, request, fetch, str)
            assert len(page) <= size
            seen += page
            if not token:
                return seen

    assert asyncio.run(walk()) == items
