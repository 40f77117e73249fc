"""Statuses of calls become errors of ours, whose texts name nothing of the inside."""

import grpc
import pytest

from directrix.errors import (
    DeadlineExceeded,
    Internal,
    InvalidField,
    QueueFull,
    ServingUnavailable,
    Unauthenticated,
)
from services.inference.channel import CallMetadata, rpc_error

CODES = {
    grpc.StatusCode.UNAVAILABLE: ServingUnavailable,
    grpc.StatusCode.NOT_FOUND: ServingUnavailable,
    grpc.StatusCode.UNIMPLEMENTED: ServingUnavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: ServingUnavailable,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.RESOURCE_EXHAUSTED: QueueFull,
    grpc.StatusCode.INTERNAL: Internal,
    grpc.StatusCode.UNKNOWN: Internal,
    grpc.StatusCode.DATA_LOSS: Internal,
}


@pytest.mark.parametrize("code", CODES)
def test_every_status_is_an_error(code):
    error = rpc_error(code, "ipv4:10.1.2.3:999: secret detail")
    assert type(error) is CODES[code]
    assert "10.1.2.3" not in error.message
    assert error.metadata == {"status": code.name}


def test_a_broken_connection_is_unavailable():
    error = rpc_error(grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2")
    assert type(error) is ServingUnavailable


def test_a_message_that_is_too_large_is_the_callers():
    text = "CLIENT: Sent message larger than max (9 vs. 4)"
    assert type(rpc_error(grpc.StatusCode.RESOURCE_EXHAUSTED, text)) is InvalidField


def test_calls_carry_what_is_there():
    assert CallMetadata("", "").of("Render") == ()
    carried = (("directrix-secret", "s"), ("application", "a"))
    assert CallMetadata("s", "a").of("Render") == carried
    assert CallMetadata("s", "a").of("Explain") == carried


def test_scoring_and_explaining_may_have_applications_of_their_own():
    carried = CallMetadata("s", "a", scoring="b", explaining="c")
    named = {
        method: dict(carried.of(method))["application"]
        for method in ("Render", "Sample", "Score", "Explain", "Invert")
    }
    assert named == {"Render": "a", "Sample": "a", "Score": "b", "Explain": "c", "Invert": "c"}
