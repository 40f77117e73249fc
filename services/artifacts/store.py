"""ArtifactStore: where bytes live. Keys are made of ids only, in one place: `keys.py`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator


class ArtifactStore(ABC):
    """Bytes by key. Every call raises StoreUnavailable where the store cannot be reached."""

    @abstractmethod
    def get(self, key: str) -> bytes:
        """Raises ObjectNotFound."""

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Writes whole or not at all; replaces what was there."""

    @abstractmethod
    def put_new(self, key: str, data: bytes) -> None:
        """Writes only where nothing is; raises ObjectExists.

        A store that cannot promise this atomically checks and then writes: see `conditional`.
        """

    @abstractmethod
    def exists(self, key: str) -> bool: ...

    @abstractmethod
    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys that start with `prefix` and sort after `after`, in order."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Does nothing where there is nothing."""

    @property
    @abstractmethod
    def conditional(self) -> bool:
        """Whether `put_new` is atomic, as probed on this very store."""
