"""Handles of long-running operations: ask, wait, cancel, attach again by name."""

from collections.abc import AsyncIterator, Iterator
from typing import Generic, TypeVar, cast

from directrix.client.dialogues import discovery
from directrix.client.names import Names
from directrix.client.transports import AsyncTransport, Transport
from directrix.client.values import Job, Progress, Result

R = TypeVar("R", bound=Result)
"""What the operation ends with."""


class OperationHandle(Generic[R]):
    """A discovery or a training that runs at the service, whether this process lives or not."""

    def __init__(self, transport: Transport, names: Names, name: str):
        self._transport = transport
        self._names = names
        self.name = names.operation(name)

    def job(self) -> Job:
        """The operation as it stands."""
        return self._transport.run(discovery.job(self._names, self.name))

    def progress(self) -> Progress:
        return self.job().progress

    def done(self) -> bool:
        return self.job().done

    def result(self, timeout: float | None = None) -> R:
        """Waits. timeout: in seconds; None waits for ever.

        Raises OperationFailed, OperationCancelled, or TimeoutError where it still runs.
        """
        found = self._transport.run(discovery.result(self._names, self.name, timeout))
        return cast(R, found)

    def watch(self, interval: float = 0.5) -> Iterator[Job]:
        """The operation every `interval` seconds; the last one is done."""
        current = self.job()
        while not current.done:
            yield current
            current = self._transport.run(discovery.wait(self._names, self.name, interval))
        yield current

    def cancel(self) -> None:
        """Asks for cancellation; the operation ends soon after."""
        self._transport.run(discovery.cancel(self._names, self.name))

    def __repr__(self) -> str:
        return f"OperationHandle({self.name!r})"


class AsyncOperationHandle(Generic[R]):
    """As `OperationHandle`, awaited."""

    def __init__(self, transport: AsyncTransport, names: Names, name: str):
        self._transport = transport
        self._names = names
        self.name = names.operation(name)

    async def job(self) -> Job:
        return await self._transport.run(discovery.job(self._names, self.name))

    async def progress(self) -> Progress:
        return (await self.job()).progress

    async def done(self) -> bool:
        return (await self.job()).done

    async def result(self, timeout: float | None = None) -> R:
        """As `OperationHandle.result`."""
        found = await self._transport.run(discovery.result(self._names, self.name, timeout))
        return cast(R, found)

    async def watch(self, interval: float = 0.5) -> AsyncIterator[Job]:
        """As `OperationHandle.watch`."""
        current = await self.job()
        while not current.done:
            yield current
            current = await self._transport.run(discovery.wait(self._names, self.name, interval))
        yield current

    async def cancel(self) -> None:
        await self._transport.run(discovery.cancel(self._names, self.name))

    def __repr__(self) -> str:
        return f"AsyncOperationHandle({self.name!r})"
