"""Audits in the store: content first, checked at every read, the first one stays."""

import numpy as np
import pytest

from directrix.archive import pack_arrays
from directrix.errors import AuditNotFound, ChecksumMismatch, ObjectNotFound
from directrix.types import SpanVerdict
from services.artifacts import keys
from services.artifacts.audits import Audits, digest_of
from services.artifacts.contents import Contents
from services.artifacts.memory import MemoryStore
from tests.unit.pages.audit_samples import audit, record

NAME = f"projects/default/audits/a{'a' * 40}"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def audits(store: MemoryStore) -> Audits:
    return Audits(Contents(store), "default")


def test_an_audit_comes_back_whole(audits: Audits) -> None:
    assert audits.put(record(), {"csv": b"rank\n", "html": b"<p>"}) == NAME
    manifest = audits.get(NAME)
    assert (manifest.samples, manifest.findings, manifest.accused) == (128, 8, 1)
    assert manifest.span is SpanVerdict.UNTOLD
    assert audits.record(manifest) == record()
    assert audits.document(manifest, "html") == b"<p>"
    assert manifest.documents["csv"].size == 5
    assert audits.page() == [(NAME, manifest)]


def test_without_a_judge_nobody_counts_the_accused(audits: Audits) -> None:
    silent = tuple(row.model_copy(update={"accused": None}) for row in audit().reliance)
    name = audits.put(record(reliance=silent), {})
    assert audits.get(name).accused is None


def test_the_first_of_two_alike_stays(audits: Audits) -> None:
    audits.put(record(), {"html": b"first"})
    audits.put(record(), {"html": b"second"})
    assert audits.document(audits.get(NAME), "html") == b"first"


def test_what_is_not_there(audits: Audits) -> None:
    for name in (NAME, "projects/other/audits/a", "anything"):
        with pytest.raises(AuditNotFound):
            audits.get(name)


def test_changed_bytes_are_noticed(audits: Audits, store: MemoryStore) -> None:
    audits.put(record(), {"html": b"<p>"})
    manifest = audits.get(NAME)
    store.put(keys.content("default", manifest.documents["html"].sha256), b"<q>")
    with pytest.raises(ChecksumMismatch):
        audits.document(manifest, "html")


def test_pictures(audits: Audits) -> None:
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4, 1)
    digest = audits.put_pictures(images)
    assert (audits.pictures(digest) == images).all()
    with pytest.raises(ObjectNotFound):
        audits.pictures("0" * 64)


@pytest.mark.parametrize(
    "data",
    [b"no tensors", pack_arrays({"other": np.zeros(3)}), pack_arrays({"images": np.zeros(3)})],
    ids=["bytes", "other-arrays", "other-shape"],
)
def test_what_is_no_picture(audits: Audits, store: MemoryStore, data: bytes) -> None:
    with pytest.raises(ObjectNotFound):
        audits.pictures(Contents(store).put(data))


def test_a_digest_is_of_the_job_and_of_what_was_found() -> None:
    found = audit().model_dump(mode="json")
    other = audit(findings=3).model_dump(mode="json")
    digests = {digest_of("1" * 64, found), digest_of("2" * 64, found), digest_of("1" * 64, other)}
    assert len(digests) == 3
    assert digest_of("1" * 64, found) in digests
