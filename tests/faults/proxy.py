"""A proxy before an S3 server, which fails in the ways that stores fail.

HTTP/1.1 as S3 clients speak it: bodies have a length, or are sent in chunks by the server. Bytes
pass as they are, so signatures hold.
"""

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Head = tuple[bytes, str, dict[str, str]]
"""The bytes of a head, its first line and its fields by their names in small letters."""

LONGEST_PAUSE = 1.0
"""Seconds by which a slow store delays an answer at most."""


class Mood(StrEnum):
    """What the store does."""

    WELL = "well"
    ERRORS = "errors"
    """Half of all requests are answered with 500."""
    SLOW = "slow"
    """Every answer comes late."""
    FULL = "full"
    """Writes are answered with 507."""
    MUTE = "mute"
    """Half of all requests are carried out, and their answers lost."""


class Proxy:
    """A context manager; listens on a loopback port of its own. upstream: the server's port."""

    def __init__(self, upstream: Callable[[], int], chance: random.Random):
        self.mood = Mood.WELL
        self.failures = 0
        """Requests that did not go well."""
        self._upstream = upstream
        self._chance = chance
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server: Stream | None = None
        failures = (OSError, EOFError, ValueError, asyncio.IncompleteReadError)
        with suppress(*failures):
            server = await asyncio.open_connection("127.0.0.1", self._upstream())
            while await self._exchange((reader, writer), server):
                pass
        for each in (writer, server and server[1]):
            if each:
                each.close()

    async def _exchange(self, client: Stream, server: Stream) -> bool:
        """One request and its answer; whether another one may follow."""
        asked = await _head(client[0])
        body = await client[0].readexactly(int(asked[2].get("content-length", 0)))
        method, mood = asked[1].split(" ")[0], self.mood
        unlucky = self._chance.random() < 0.5
        if mood is Mood.ERRORS and unlucky:
            return await self._refuse(client, "500 Internal Server Error", "InternalError")
        if mood is Mood.FULL and method in ("PUT", "POST"):
            return await self._refuse(client, "507 Insufficient Storage", "XMinioStorageFull")
        server[1].write(asked[0] + body)
        await server[1].drain()
        answered = await _head(server[0])
        rest = await _body(server[0], answered, method)
        if mood is Mood.SLOW:
            self.failures += 1
            await asyncio.sleep(self._chance.uniform(0.0, LONGEST_PAUSE))
        if mood is Mood.MUTE and unlucky:
            self.failures += 1
            return False
        client[1].write(answered[0] + rest)
        await client[1].drain()
        return answered[2].get("connection", "").lower() != "close"

    async def _refuse(self, client: Stream, status: str, code: str) -> bool:
        self.failures += 1
        body = f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>".encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\n"
        client[1].write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await client[1].drain()
        return True


async def _head(reader: asyncio.StreamReader) -> Head:
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return raw, first, {name.lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, head: Head, method: str) -> bytes:
    status = head[1].split(" ")[1]
    if method == "HEAD" or status in ("204", "304"):
        return b""
    if "chunked" not in head[2].get("transfer-encoding", "").lower():
        return await reader.readexactly(int(head[2].get("content-length", 0)))
    parts = []
    while True:
        size = await reader.readline()
        data = await reader.readexactly(int(size.split(b";")[0], 16) + 2)
        parts += [size, data]
        if data == b"\r\n":
            return b"".join(parts)
