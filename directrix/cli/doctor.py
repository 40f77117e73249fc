"""`directrix doctor`: whether the service can be used from here, and what to do where not."""

import statistics
import time
from collections import Counter
from importlib.metadata import version

import grpc
import typer
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from directrix.cli.checks import Check, Look, State, checked, show
from directrix.cli.exits import Exit, way_out
from directrix.cli.session import Json, client_of
from directrix.client import ApiError, Client
from directrix.client.steps import Call, Observed
from directrix.v1 import discovery_service_pb2 as discovery
from directrix.v1 import model_service_pb2 as model

SERVING = 1
"""Of grpc.health.v1.HealthCheckResponse.ServingStatus."""
SERVICES = (
    "directrix.v1.ModelService",
    "directrix.v1.EditingService",
    "directrix.v1.ExplanationService",
    "directrix.v1.DiscoveryService",
    "google.longrunning.Operations",
)
CALLS = 5
SKEW_SECONDS = 5.0
"""More makes tokens too old or too new."""
SECONDS = 10.0

Found = tuple[State, str, str]


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Look whether the service can be used from here: nothing is changed.

    Endpoint, health by service, identity, versions, clocks, latency, models, workers.

    Examples:

    \b
      directrix doctor
      directrix --endpoint gateway.example:443 doctor --json

    Exit codes: 0 all is well or only warnings, 1 something is not, 3 nobody answers.
    """
    with client_of(context) as client:
        visit = _Visit(client, context.obj.project)
        found = list(checked(visit.looks(), (ApiError,), _way_out))
    if show(found, as_json):
        return
    raise typer.Exit(Exit.UNAVAILABLE if _nobody(found) else Exit.FAILED)


class _Visit:
    """The looks at one service; the first answers are used by several."""

    def __init__(self, client: Client, project: str):
        self._client = client
        self._parent = f"projects/{project}"
        self._last: Observed | None = None

    def looks(self) -> list[tuple[str, Look]]:
        health = [(f"health of {name}", self._health_look(name)) for name in SERVICES]
        return [
            ("endpoint", self._endpoint),
            *health,
            ("identity and project", self._models),
            ("latency", self._latency),
            ("version", self._version),
            ("clock", self._clock),
            ("workers", self._workers),
        ]

    def _endpoint(self) -> Found:
        self._health("liveness")
        return State.OK, "it answers", ""

    def _health_look(self, service: str) -> Look:
        def look() -> Found:
            if self._health(service) == SERVING:
                return State.OK, "SERVING", ""
            needs = "the object store or the replicas do not answer: python -m services.doctor"
            return State.FAIL, "NOT_SERVING", f"at the service's side {needs}"

        return look

    def _models(self) -> Found:
        kinds = Counter(m.kind for m in self._client.models())
        if not kinds:
            return State.WARN, "no models", "'directrix models register FOLDER' adds one"
        named = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        return State.OK, f"models: {named}", ""

    def _latency(self) -> Found:
        took = [1e3 * self._list().seconds for _ in range(CALLS)]
        middle, most = statistics.median(took), max(took)
        return (
            State.OK,
            f"{middle:.1f} ms a list of models (median of {CALLS}), {most:.1f} at most",
            "",
        )

    def _version(self) -> Found:
        here, there = version("directrix"), self._said("directrix-version")
        if not there:
            return State.WARN, f"client {here}; the service does not tell its own", ""
        if here.split(".")[:2] != there.split(".")[:2]:
            return State.WARN, f"client {here}, service {there}", "install the same minor version"
        return State.OK, f"client {here}, service {there}", ""

    def _clock(self) -> Found:
        seen = self._list()
        told = dict(seen.metadata).get("directrix-time", "")
        if not told:
            return State.WARN, "the service does not tell its time", ""
        away = float(told) - (time.time() - seen.seconds / 2)
        says = f"the service's is {away:+.2f} s off, measured to {seen.seconds / 2:.2f} s"
        if abs(away) > SKEW_SECONDS:
            return State.WARN, says, "set the clocks by NTP: tokens would be refused"
        return State.OK, says, ""

    def _workers(self) -> Found:
        request = discovery.ListDiscoveryMethodsRequest(parent=self._parent, page_size=100)
        rpc = "/directrix.v1.DiscoveryService/ListDiscoveryMethods"
        call = Call(rpc, request, discovery.ListDiscoveryMethodsResponse, SECONDS)
        methods = self._client.observe(call).answer.methods
        if not methods:
            return State.WARN, "no worker has ever started", "jobs would stay queued: start one"
        return State.OK, f"{len(methods)} discovery methods are published", ""

    def _health(self, service: str) -> int:
        # the messages of grpc.health.v1, whose package the client does not need, look like these
        call = Call("/grpc.health.v1.Health/Check", StringValue(value=service), Int32Value, SECONDS)
        return int(self._client.observe(call).answer.value)

    def _list(self) -> Observed:
        request = model.ListModelsRequest(parent=self._parent, page_size=1)
        call = Call(
            "/directrix.v1.ModelService/ListModels", request, model.ListModelsResponse, SECONDS
        )
        self._last = self._client.observe(call)
        return self._last

    def _said(self, key: str) -> str:
        seen = self._last or self._list()
        return str(dict(seen.metadata).get(key, ""))


def _way_out(error: Exception) -> str:
    if not isinstance(error, ApiError):
        return ""
    if error.code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        return "ask the service's operator for a token or a key of this project"
    return way_out(error)


def _nobody(found: list[Check]) -> bool:
    return all(check.state is State.FAIL for check in found)
