"""Spans as a collector gets them: parents, links, redaction; and nothing at all when off."""

import contextvars
import subprocess
import sys
from collections.abc import Iterator

import pytest

from services.settings import Settings
from services.sight import ids, tracing
from services.sight.redaction import REDACTED, Redactor
from tests.conftest import ROOT
from tests.integration.collector import Collector, collector

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collected() -> Iterator[Collector]:
    """Spans arrive once `tracing.stop` was called."""
    with collector() as kept:
        tracing.start(Settings(traces_endpoint=kept.endpoint), "test", Redactor(["hush-hush"]))
        yield kept
        tracing.stop()


def test_spans_are_below_whoever_sent_them(collected: Collector) -> None:
    with tracing.arrival("outer", {"traceparent": PARENT}):
        assert tracing.trace_id() == PARENT[3:35]
        with tracing.span("inner", "client", images=2):
            sent = dict(ids.outgoing())
    tracing.stop()
    inner, outer = collected.spans
    assert (outer.name, outer.service, outer.parent) == ("outer", "directrix-test", PARENT[36:52])
    assert (inner.name, inner.parent, inner.trace) == ("inner", outer.id, PARENT[3:35])
    assert inner.attributes == {"directrix.images": 2}
    assert sent["traceparent"] == f"00-{inner.trace}-{inner.id}-01"


def test_a_batch_is_linked_to_all_its_callers(collected: Collector) -> None:
    def caller() -> contextvars.Context:
        with tracing.arrival("caller", {}):
            return contextvars.copy_context()

    first, *others = [contextvars.Context().run(caller) for _ in range(3)]

    def run() -> None:
        with tracing.batch("batch", others, images=3):
            pass

    first.run(run)
    tracing.stop()
    *callers, batch = collected.spans
    assert batch.trace == callers[0].trace
    assert batch.links == tuple(each.trace for each in callers[1:])


def test_an_error_is_named_and_not_told(collected: Collector) -> None:
    with pytest.raises(ValueError), tracing.arrival("call", {}):
        raise ValueError("with something private in it")
    tracing.stop()
    (span,) = collected.spans
    assert span.failed
    assert b"private" not in collected.raw
    assert b"ValueError" in collected.raw


def test_attributes_are_redacted(collected: Collector) -> None:
    with tracing.arrival("call", {}) as span:
        span.set(token="abc", note="it is hush-hush", image=b"\x89PNG" * 9)  # type: ignore[arg-type]
    tracing.stop()
    (seen,) = collected.spans
    assert seen.attributes == {
        "directrix.token": REDACTED,
        "directrix.note": f"it is {REDACTED}",
        "directrix.image": "<36 bytes>",
    }


def test_what_nobody_asked_for_is_no_trace(collected: Collector) -> None:
    with tracing.span("store get"):
        assert tracing.trace_id() == ""
    tracing.stop()
    assert collected.spans == []


def test_a_caller_that_traces_nothing_is_not_sampled_away_by_us(collected: Collector) -> None:
    with tracing.arrival("kept", {"traceparent": "not a parent"}):
        pass
    with tracing.arrival("left out", {"traceparent": PARENT[:-1] + "0"}):
        pass
    tracing.stop()
    assert [span.name for span in collected.spans] == ["kept"]


def test_without_an_endpoint_nothing_is_imported_and_nothing_carried() -> None:
    code = (
        "import sys; from services.settings import Settings; from services.sight import tracing\n"
        "end = tracing.start(Settings(), 'gateway')\n"
        "with tracing.arrival('a', {}) as span, tracing.span('b'):\n"
        "    span.set(images=1); assert tracing.carried() == {}\n"
        "end(); print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
