"""MemoryStore: objects in a dictionary, for tests and for one process."""

import threading
from collections.abc import Iterator

from directrix.errors import ObjectExists, ObjectNotFound
from services.artifacts.store import ArtifactStore


class MemoryStore(ArtifactStore):
    """Lives and dies with its process."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes:
        with self._lock:
            if key not in self._objects:
                raise ObjectNotFound(f"there is no object {key}", key=key)
            return self._objects[key]

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            self._objects[key] = bytes(data)

    def put_new(self, key: str, data: bytes) -> None:
        with self._lock:
            if key in self._objects:
                raise ObjectExists(f"there is an object {key} already", key=key)
            self._objects[key] = bytes(data)

    def exists(self, key: str) -> bool:
        with self._lock:
            return key in self._objects

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        with self._lock:
            found = sorted(k for k in self._objects if k.startswith(prefix) and k > after)
        return iter(found)

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(key, None)

    @property
    def conditional(self) -> bool:
        return True
