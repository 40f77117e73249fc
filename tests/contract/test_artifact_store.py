"""Every artifact store keeps the same promises: in memory, in a folder, on two S3 servers."""

import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from directrix.errors import DirectrixError, ObjectExists, ObjectNotFound, StoreUnavailable
from services.artifacts.folder import FolderStore
from services.artifacts.memory import MemoryStore
from services.artifacts.s3 import S3Store
from services.artifacts.store import ArtifactStore
from tests.integration.servers import S3Server, free_ports, minio_code, seaweedfs

KINDS = ["memory", "folder", "seaweedfs", "minio_code"]


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweedfs(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with minio_code(tmp_path_factory.mktemp("minio")) as server:
        yield server


def bucket_of(server: S3Server) -> S3Store:
    name = f"test-{uuid.uuid4().hex[:12]}"
    return S3Store(server.endpoint, name, server.access_key, server.secret_key)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    match request.param:
        case "memory":
            return MemoryStore()
        case "folder":
            return FolderStore(tmp_path / "store")
        case "seaweedfs":
            return bucket_of(request.getfixturevalue("weed"))
        case _:
            return bucket_of(request.getfixturevalue("minio"))


def test_what_was_put_is_there(store: ArtifactStore) -> None:
    store.put("a/b", b"\x00\xff one")
    assert store.get("a/b") == b"\x00\xff one"
    assert store.exists("a/b")
    store.put("a/b", b"two")
    assert store.get("a/b") == b"two"


def test_an_empty_object_is_an_object(store: ArtifactStore) -> None:
    store.put("a/empty", b"")
    assert store.exists("a/empty")
    assert store.get("a/empty") == b""


def test_large_objects_come_back_whole(store: ArtifactStore) -> None:
    data = os.urandom(11 * 1024 * 1024)  # more than one part of S3
    store.put("big", data)
    assert store.get("big") == data


def test_what_is_missing_is_not_found(store: ArtifactStore) -> None:
    store.put("folder/object", b"x")
    for key in ("nothing", "folder/nothing", "folder", "no/folder/here"):
        assert not store.exists(key)
        with pytest.raises(ObjectNotFound) as caught:
            store.get(key)
        assert caught.value.metadata == {"key": key}


def test_put_new_writes_once(store: ArtifactStore) -> None:
    store.put_new("versions/1", b"first")
    with pytest.raises(ObjectExists):
        store.put_new("versions/1", b"second")
    assert store.get("versions/1") == b"first"
    store.delete("versions/1")
    store.put_new("versions/1", b"third")
    assert store.get("versions/1") == b"third"


def test_conditional_tells_the_truth(request: pytest.FixtureRequest, store: ArtifactStore) -> None:
    assert store.conditional is (request.node.callspec.params["store"] != "minio_code")


def test_one_of_many_wins_where_writes_are_conditional(store: ArtifactStore) -> None:
    if not store.conditional:
        pytest.skip("this server overwrites; the job store guards its writes itself")
    won: list[int] = []

    def write(number: int) -> None:
        try:
            store.put_new("race", str(number).encode())
        except ObjectExists:
            return
        won.append(number)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(n).encode() for n in won] == [store.get("race")]


def test_keys_are_listed_in_order(store: ArtifactStore) -> None:
    names = ["l/b", "l/a", "l/a-b", "l/c/1", "l/c/2", "l/a-b.json", "other", "l2/x"]
    for name in names:
        store.put(name, b"x")
    listed = ["l/a", "l/a-b", "l/a-b.json", "l/b", "l/c/1", "l/c/2"]
    assert list(store.keys("l/")) == listed
    assert list(store.keys("l/", after="l/a-b")) == listed[2:]
    assert list(store.keys("l/", after="l/a0")) == listed[3:]
    assert list(store.keys("l/c/")) == ["l/c/1", "l/c/2"]
    assert list(store.keys("l/a-")) == ["l/a-b", "l/a-b.json"]
    assert list(store.keys("nothing/")) == []


def test_many_keys_are_listed_whole(store: ArtifactStore) -> None:
    names = [f"many/{n:04d}" for n in range(40)]
    for name in reversed(names):
        store.put(name, b"x")
    assert list(store.keys("many/", after="many/0009")) == names[10:]


def test_deleting_twice_is_no_error(store: ArtifactStore) -> None:
    store.put("d/x", b"x")
    store.delete("d/x")
    store.delete("d/x")
    store.delete("d/never/was")
    assert not store.exists("d/x")
    assert list(store.keys("d/")) == []


@pytest.mark.slow  # it waits as long as the client tries
def test_a_store_out_of_reach_says_so_without_secrets() -> None:
    (port,) = free_ports(1)
    store = S3Store(f"127.0.0.1:{port}", "bucket", "the-access-key", "the-secret-key")
    for action in (
        lambda: store.get("x"),
        lambda: store.put("x", b""),
        lambda: store.put_new("x", b""),
        lambda: store.exists("x"),
        lambda: list(store.keys("x")),
        lambda: store.delete("x"),
    ):
        with pytest.raises(StoreUnavailable) as caught:
            action()
        assert caught.value.message == f"the object store at 127.0.0.1:{port} cannot be reached"


def test_wrong_credentials_are_not_told_apart_from_secrets(weed: S3Server) -> None:
    store = S3Store(weed.endpoint, "bucket", "somebody-else", "the-secret-key")
    with pytest.raises(StoreUnavailable) as caught:
        store.put("x", b"")
    assert "the-secret-key" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "/x", "a//b", "../x", "a/../b", "a/", "./a", "a/\0"])
def test_a_folder_takes_no_key_that_leaves_it(tmp_path: Path, key: str) -> None:
    with pytest.raises(DirectrixError):
        FolderStore(tmp_path).put(key, b"x")
