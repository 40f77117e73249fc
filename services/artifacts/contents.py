"""Contents: bytes named after their digest and checked against it, and what points to them."""

from directrix.archive import sha256
from directrix.errors import ChecksumMismatch, NotFound, ObjectExists, ObjectNotFound
from services.artifacts import keys
from services.artifacts.store import ArtifactStore


class Contents:
    """Of one project. Raises StoreUnavailable, and ChecksumMismatch where stored bytes changed."""

    def __init__(self, store: ArtifactStore, project: str = "default"):
        self.store = store
        self._project = project

    def put(self, data: bytes) -> str:
        """Stores content and returns its digest."""
        digest = sha256(data)
        key = keys.content(self._project, digest)
        # asked first: a refused write would have carried all the bytes
        if not self.store.exists(key):
            self.put_first(key, data)
        return digest

    def point(self, key: str, data: bytes, *contents: bytes) -> bool:
        """`put_first` of what points to these contents, which are there afterwards: content that
        nothing pointed to may have been taken away since it was put (`services.worker.janitor`)."""
        written = self.put_first(key, data)
        for content in contents:
            self.put(content)
        return written

    def get(self, digest: str) -> bytes:
        """Raises ObjectNotFound."""
        data = self.store.get(keys.content(self._project, digest))
        if sha256(data) != digest:
            raise ChecksumMismatch(f"object {digest} has changed in the store", digest=digest)
        return data

    def put_first(self, key: str, data: bytes) -> bool:
        """Whether this call wrote it. What is there already stays."""
        try:
            self.store.put_new(key, data)
        except ObjectExists:
            return False
        return True

    def read(self, key: str, missing: NotFound) -> bytes:
        """What points to content. Raises `missing`."""
        try:
            return self.store.get(key)
        except ObjectNotFound as error:
            raise missing from error
