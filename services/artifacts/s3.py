"""S3Store: objects in a bucket of any S3 server, through the `minio` client.

The client cannot send `If-None-Match: *` by itself; a presigned PUT can. Not every server honours
the header (SeaweedFS answers 412, MinIO's older code overwrites), so it is probed before first use.
"""

import io
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from directrix.errors import ObjectExists, ObjectNotFound, StoreUnavailable
from services.artifacts.store import ArtifactStore

Result = TypeVar("Result")

_MISSING = {"NoSuchKey", "NoSuchBucket", "NoSuchObject", "ResourceNotFound"}
_MIN_PART = 5 * 1024 * 1024
_TRIES = 4
_TRANSIENT = (429, 500, 502, 503, 504)


class S3Store(ArtifactStore):
    """One bucket, made where it is missing. Transient failures are tried again a few times.

    region: given so that the client does not ask for it before every bucket's first use.
    """

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        access_key: str,
        secret_key: str,
        secure: bool = False,
        region: str = "us-east-1",
    ):
        self._endpoint = endpoint
        self._bucket = bucket
        # retries are ours: `put_new` has to know whether a write may have been seen already
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=3, read=30), retries=False, maxsize=16
        )
        self._client = Minio(
            endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=secure,
            region=region,
            http_client=self._pool,
        )
        self._lock = threading.Lock()
        self._ready = False

    def get(self, key: str) -> bytes:
        return self._call(key, lambda: self._read(key))

    def put(self, key: str, data: bytes) -> None:
        # one part whatever the length: a single PUT is atomic and needs no clean-up
        part = max(_MIN_PART, len(data))
        self._call(
            key,
            lambda: self._client.put_object(
                self._bucket, key, io.BytesIO(data), len(data), part_size=part
            ),
        )

    def put_new(self, key: str, data: bytes) -> None:
        if not self.conditional:
            if self.exists(key):
                raise _exists(key)
            self.put(key, data)
            return
        if not self._put_if_absent(key, data):
            raise _exists(key)

    def exists(self, key: str) -> bool:
        try:
            self._call(key, lambda: self._client.stat_object(self._bucket, key))
        except ObjectNotFound:
            return False
        return True

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Sorted here: servers over a file system list folder by folder."""
        listing = self._call(
            prefix,
            lambda: [
                entry.object_name
                for entry in self._client.list_objects(
                    self._bucket, prefix=prefix, recursive=True, start_after=after or None
                )
            ],
        )
        return iter(sorted(k for k in listing if k and not k.endswith("/") and k > after))

    def delete(self, key: str) -> None:
        with suppress(ObjectNotFound):
            self._call(key, lambda: self._client.remove_object(self._bucket, key))

    @cached_property
    def conditional(self) -> bool:
        """Whether the server refuses to overwrite, tried on an object of a random name."""
        key = f"probes/{uuid.uuid4().hex}"
        self._put_if_absent(key, b"first")
        refused = not self._put_if_absent(key, b"second")
        self.delete(key)
        return refused

    def _read(self, key: str) -> bytes:
        response = self._client.get_object(self._bucket, key)
        try:
            return bytes(response.data)
        finally:
            response.close()
            response.release_conn()

    def _put_if_absent(self, key: str, data: bytes) -> bool:
        """Whether it was written by this call."""
        doubtful = False
        for attempt in range(_TRIES):
            status = self._call(key, lambda: self._presigned_put(key, data), tries=1)
            if status in (200, 204):
                return True
            if status in (409, 412):
                # an earlier try may have arrived although its answer did not
                return doubtful and self.get(key) == data
            doubtful = True
            time.sleep(_pause(attempt))
        raise self._unavailable()

    def _presigned_put(self, key: str, data: bytes) -> int:
        """The status, or 0 where there was no answer."""
        url = self._client.presigned_put_object(self._bucket, key, expires=timedelta(minutes=5))
        try:
            response = self._pool.request("PUT", url, body=data, headers={"If-None-Match": "*"})
        except HTTPError:  # its text holds the signed address: not for logs
            return 0
        if response.status in (200, 204, 409, 412, *_TRANSIENT):
            return response.status
        raise self._unavailable(f"answered {response.status} to a write")

    def _call(self, key: str, action: Callable[[], Result], tries: int = _TRIES) -> Result:
        """Runs `action` with retries, in the words of our errors."""
        self._prepare()
        return self._attempt(key, action, tries)

    def _attempt(self, key: str, action: Callable[[], Result], tries: int = _TRIES) -> Result:
        for attempt in range(tries):
            try:
                return action()
            except S3Error as error:
                if error.code in _MISSING:
                    raise ObjectNotFound(f"there is no object {key}", key=key) from error
                if error.response.status not in _TRANSIENT:
                    raise self._unavailable(f"refused with {error.code}") from error
                cause: Exception = error
            except (HTTPError, MinioException, OSError) as error:
                cause = error
            if attempt + 1 < tries:
                time.sleep(_pause(attempt))
        raise self._unavailable() from cause

    def _prepare(self) -> None:
        """Makes the bucket, once, at first use: a process may start before its store."""
        if self._ready:
            return
        with self._lock:
            if not self._ready:
                self._attempt("", self._make_bucket)
                self._ready = True

    def _make_bucket(self) -> None:
        if self._client.bucket_exists(self._bucket):
            return
        try:
            self._client.make_bucket(self._bucket)
        except S3Error as error:
            if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise

    def _unavailable(self, what: str = "cannot be reached") -> StoreUnavailable:
        return StoreUnavailable(f"the object store at {self._endpoint} {what}")


def _exists(key: str) -> ObjectExists:
    return ObjectExists(f"there is an object {key} already", key=key)


def _pause(attempt: int) -> float:
    """Seconds before the next try: 0.1, 0.3, 0.9."""
    return 0.1 * 3**attempt
