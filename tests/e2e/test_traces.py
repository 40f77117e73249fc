"""An edit and a discovery are one trace each, from the client over every process."""

import time
from collections.abc import Callable, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from directrix.archive import pack_arrays
from directrix.client import Client
from directrix.generators import linear
from directrix.types import ImageCard
from tests.conftest import Stack
from tests.integration.collector import Collector, Seen, collector

NAME = "traced-toy"


@pytest.fixture(scope="module")
def collected() -> Iterator[Collector]:
    with collector() as kept:
        yield kept


@pytest.fixture(scope="module")
def application(collected: Collector) -> trace.Tracer:
    """Of a caller that traces itself: the client has its spans below those of the caller."""
    provider = TracerProvider(resource=Resource.create({"service.name": "application"}))
    exporter = OTLPSpanExporter(endpoint=collected.endpoint, insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider.get_tracer("application")


@pytest.fixture(scope="module")
def traced(collected: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a stack that sends its spans to the collector."""
    stack = Stack(tmp_path_factory.mktemp("traced"), "lite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIRECTRIX_TRACES_ENDPOINT", collected.endpoint)
        try:
            stack.start()
            with Client(stack.endpoint) as client:
                arrays, _ = linear.planted([2.0, 1.0], pixels=64, seed=4)
                card = linear.card(NAME, ImageCard(channels=1, height=8, width=8), z_dim=2)
                client.register_model(NAME, card.model_dump_json(), pack_arrays(arrays))
                client.edit(NAME, seed=1)
                yield client
        finally:
            stack.stop()


def until(there: Callable[[], bool], what: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not there():
        assert time.monotonic() < end, what()
        time.sleep(0.1)


def below(spans: list[Seen], name: str) -> list[str]:
    """The names of the spans from that one up to the root."""
    by_id = {span.id: span for span in spans}
    at = next(span for span in spans if span.name == name)
    path = [at.name]
    while at.parent:
        at = by_id[at.parent]
        path.append(at.name)
    return path


def one_trace(collected: Collector, application: trace.Tracer, work: Callable[[], None],
              last: str) -> list[Seen]:  # fmt: skip
    """Does `work` in a span of the application; all spans of that trace, `last` among them."""
    with application.start_as_current_span("application") as span:
        identity = f"{span.get_span_context().trace_id:032x}"
        work()

    def whole() -> bool:
        spans = collected.of(identity)
        known = {span.id for span in spans}
        names = {span.name for span in spans}
        parents = {span.parent for span in spans if span.parent}
        return {last, "application"} <= names and parents <= known

    until(whole, lambda: [(s.service, s.name) for s in collected.of(identity)])
    return collected.of(identity)


def test_an_edit_is_one_trace(
    traced: Client, application: trace.Tracer, collected: Collector
) -> None:
    spans = one_trace(collected, application, lambda: traced.edit(NAME, seed=3) and None, "pass")
    assert below(spans, "pass") == [
        "pass",
        "directrix.inference.v1.InferenceService/Render",
        "directrix.inference.v1.InferenceService/Render",
        "batch",
        "render",
        "directrix.v1.EditingService/EditImage",
        "directrix.v1.EditingService/EditImage",
        "application",
    ]
    services = {span.service for span in spans}
    assert services == {"application", "directrix-gateway", "directrix-serving"}
    (work,) = (span.attributes for span in spans if span.name == "pass")
    assert work["directrix.batch"] == work["directrix.items"] == 1
    assert work["directrix.compute_ms"] > 0
    assert work["directrix.queue_ms"] >= 0
    at_replica = [s.attributes for s in spans if "directrix.cache_hit" in s.attributes]
    assert [each["directrix.cache_hit"] for each in at_replica] == [True]
    assert len(at_replica[0]["directrix.generator"]) == 64


def test_a_discovery_is_one_trace(
    traced: Client, application: trace.Tracer, collected: Collector
) -> None:
    def discover() -> None:
        traced.discover(NAME, "sefa", parameters={"components": 2}).result(120)

    spans = one_trace(collected, application, discover, "step")
    assert below(spans, "fit")[:2] == ["fit", "step"]
    assert below(spans, "step")[1:] == [
        "directrix.v1.DiscoveryService/DiscoverFindings",
        "directrix.v1.DiscoveryService/DiscoverFindings",
        "application",
    ]
    at_worker = [span for span in spans if span.service == "directrix-worker"]
    assert {"store put_new", "store get", "fit", "step"} <= {span.name for span in at_worker}


def test_callers_that_do_not_trace_have_traces_of_their_own(
    traced: Client, collected: Collector
) -> None:
    before = len(collected.spans)
    traced.models()
    name = "directrix.v1.ModelService/ListModels"

    def roots() -> list[Seen]:
        fresh = [span for span in collected.spans[before:] if span.name == name]
        return [span for span in fresh if span.service == "directrix-gateway"]

    until(lambda: len(roots()) == 1, roots)


def test_no_picture_is_in_a_span(traced: Client, collected: Collector) -> None:
    traced.edit(NAME, seed=3)
    assert collected.raw
    assert b"\x89PNG" not in collected.raw
    longest = max(
        (len(v) for s in collected.spans for v in s.attributes.values() if isinstance(v, str)),
        default=0,
    )
    assert longest <= 256
