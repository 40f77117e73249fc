"""WatchedStore: any store, with its calls timed and counted by outcome."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TypeVar

from directrix.errors import DirectrixError, ObjectExists, ObjectNotFound
from services.artifacts.store import ArtifactStore
from services.sight import tracing
from services.sight.metrics import STORE_SECONDS

R = TypeVar("R")


class WatchedStore(ArtifactStore):
    """outcome: ok, absent, present (an object was there already), or failed."""

    def __init__(self, store: ArtifactStore):
        self._store = store

    def get(self, key: str) -> bytes:
        return _watch("get", key, lambda: self._store.get(key))

    def put(self, key: str, data: bytes) -> None:
        _watch("put", key, lambda: self._store.put(key, data))

    def put_new(self, key: str, data: bytes) -> None:
        _watch("put_new", key, lambda: self._store.put_new(key, data))

    def exists(self, key: str) -> bool:
        return _watch("exists", key, lambda: self._store.exists(key))

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        return _watch("keys", prefix, lambda: iter(list(self._store.keys(prefix, after))))

    def delete(self, key: str) -> None:
        _watch("delete", key, lambda: self._store.delete(key))

    @property
    def conditional(self) -> bool:
        return self._store.conditional


def _watch(operation: str, key: str, call: Callable[[], R]) -> R:
    began = perf_counter()
    outcome = "failed"
    try:
        with tracing.span(f"store {operation}", "client", object=key):
            result = call()
        outcome = "ok"
        return result
    except ObjectNotFound:
        outcome = "absent"
        raise
    except ObjectExists:
        outcome = "present"
        raise
    except DirectrixError:
        raise
    finally:
        STORE_SECONDS.labels(operation, outcome).observe(perf_counter() - began)
