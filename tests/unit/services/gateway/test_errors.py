"""The catalogue is total, its reasons are unique, and its page is up to date."""

import re

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from directrix.errors import (
    DirectrixError,
    FindingMismatch,
    InvalidField,
    Kind,
    ModelNotFound,
    QueueFull,
    StoreUnavailable,
)
from services.gateway.error_page import MEANINGS, PAGE, page
from services.gateway.errors import CODES, RESOURCES, every_error, status_of


def detail(status: status_pb2.Status, kind: type) -> object:
    found = kind()
    assert [d.Unpack(found) for d in status.details].count(True) == 1
    return found


def test_every_kind_has_a_code() -> None:
    assert set(CODES) == set(Kind)
    assert grpc.StatusCode.UNKNOWN not in CODES.values()
    assert len(set(CODES.values())) == len(Kind)


def test_every_reason_is_unique_and_well_formed() -> None:
    reasons = [error.reason for error in every_error()]
    assert sorted(set(reasons)) == sorted(reasons)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]{1,61}[A-Z0-9]", reason) for reason in reasons)


def test_every_reason_has_a_meaning_and_nothing_else_has() -> None:
    assert set(MEANINGS) == {error.reason for error in every_error()}
    assert set(RESOURCES) <= set(MEANINGS)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run python -m services.gateway.error_page"


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.reason)
def test_every_error_has_a_whole_status(kind: type[DirectrixError]) -> None:
    status = status_of(kind("what is wrong"), "0011")
    assert status.code == CODES[kind.kind].value[0]
    assert status.message == "what is wrong"
    info = detail(status, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain) == (kind.reason, "directrix")
    assert detail(status, error_details_pb2.RequestInfo).request_id == "0011"
    names = [d.TypeName() for d in status.details]
    assert len(set(names)) == len(names)


def test_all_violations_are_listed() -> None:
    error = InvalidField("two", field="a.b", violations=(("a.b", "is bad"), ("c", "is worse")))
    request = detail(status_of(error), error_details_pb2.BadRequest)
    assert [(v.field, v.description) for v in request.field_violations] == [
        ("a.b", "is bad"),
        ("c", "is worse"),
    ]


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (QueueFull("full", retry_seconds="2.50"), 2.5),
        (QueueFull("full", retry_seconds="1e9"), 60.0),
        (QueueFull("full", retry_seconds="soon"), 1.0),
        (StoreUnavailable("down"), 1.0),
    ],
)
def test_what_may_be_tried_again_says_when(error: DirectrixError, seconds: float) -> None:
    info = detail(status_of(error), error_details_pb2.RetryInfo)
    assert info.retry_delay.ToNanoseconds() == seconds * 1e9


def test_what_is_missing_is_named() -> None:
    info = detail(
        status_of(ModelNotFound("no", name="projects/default/models/x")),
        error_details_pb2.ResourceInfo,
    )
    assert info.resource_name == "projects/default/models/x"
    assert info.resource_type == "directrix.v1.Model"


def test_nothing_of_unbounded_length_leaves() -> None:
    error = FindingMismatch("m" * 10_000, value="v" * 10_000)
    status = status_of(error)
    assert len(status.message) == 600
    assert len(detail(status, error_details_pb2.ErrorInfo).metadata["value"]) == 200
