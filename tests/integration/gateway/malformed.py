"""Malformed requests, as a table: call, field, value -> the reason that the catalogue names.

Each case is a good request of its call with one field changed, or bytes. `BASES` has the good
request of every call; a call without one fails the walk over the descriptors.
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.longrunning import operations_pb2 as operations
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2 as health
from grpc_reflection.v1alpha import reflection_pb2 as reflection

from directrix.v1 import audit_service_pb2 as audits
from directrix.v1 import discovery_service_pb2 as discovery
from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import finding_service_pb2 as finding
from directrix.v1 import model_service_pb2 as model
from directrix.v1 import values_pb2 as pb
from directrix.wire.tensors import tensor_to_proto
from tests.integration.gateway.pictures import PICTURES
from tests.integration.gateway.world import W_DIM, Scene

Make = Callable[[Scene], Any]
NAN, INF = math.nan, math.inf
INVALID = "INVALID_FIELD"
UNIT = tensor_to_proto(np.eye(W_DIM, dtype=np.float32)[0])


@dataclass(frozen=True)
class Case:
    """One request. `make` gives the message, or bytes that are none."""

    call: str
    label: str
    reason: str
    make: Make

    @property
    def id(self) -> str:
        return f"{self.call.rpartition('/')[2]}-{self.label}-{self.reason}"


def _recipe(live: Scene) -> pb.Recipe:
    move = pb.Move(finding=pb.FindingRef(finding_set=live.findings, index=0), alpha=1.0)
    return pb.Recipe(generator=live.toy.name, seed=pb.SeedSource(seed=1), moves=[move])


def _edit(live: Scene) -> editing.EditImageRequest:
    return editing.EditImageRequest(recipe=_recipe(live), predictors=[live.judge.name])


def _imported(live: Scene) -> finding.CreateFindingSetRequest:
    direction = pb.Direction(space=pb.SPACE_W, vector=UNIT, scale=1.0)
    findings = finding.FindingSet(
        generator_digest=live.toy.digest, findings=[pb.Finding(direction=direction)]
    )
    return finding.CreateFindingSetRequest(parent="projects/default", finding_set=findings)


def _discover(live: Scene) -> discovery.DiscoverFindingsRequest:
    return discovery.DiscoverFindingsRequest(
        parent="projects/default",
        generator=live.toy.name,
        predictors=[live.judge.name],
        judges=[live.meter.name],
        method="axes",
        validate_only=True,
    )


def _explain(live: Scene) -> explanation.ExplainImageRequest:
    return explanation.ExplainImageRequest(
        recipe=pb.Recipe(generator=live.toy.name, seed=pb.SeedSource(seed=1)),
        classifier=live.judge.name,
        finding_set=live.findings,
    )


def _audit(live: Scene) -> explanation.AuditClassifierRequest:
    return explanation.AuditClassifierRequest(
        parent="projects/default",
        generator=live.toy.name,
        classifier=live.judge.name,
        finding_sets=[live.findings, live.unscored],
        reference=live.judge.name,
        rival=live.judge.name,
        allowed_scores=[explanation.ScoreRef(predictor=live.meter.name, scorer="a")],
        allowed_findings=[pb.FindingRef(finding_set=live.findings, index=0)],
        groups=[explanation.ScoreRef(predictor=live.judge.name)],
        validate_only=True,
    )


V1 = "/directrix.v1."
LRO = "/google.longrunning.Operations/"
CREATE_MODEL = f"{V1}ModelService/CreateModel"
GET_MODEL = f"{V1}ModelService/GetModel"
TRAIN = f"{V1}ModelService/TrainEncoder"
LIST_MODELS = f"{V1}ModelService/ListModels"
CREATE_SET = f"{V1}FindingService/CreateFindingSet"
GET_SET = f"{V1}FindingService/GetFindingSet"
LIST_SETS = f"{V1}FindingService/ListFindingSets"
SCORECARD = f"{V1}FindingService/GetScorecard"
COMPARE = f"{V1}FindingService/CompareFindingSets"
LIST_METHODS = f"{V1}DiscoveryService/ListDiscoveryMethods"
DISCOVER = f"{V1}DiscoveryService/DiscoverFindings"
EDIT = f"{V1}EditingService/EditImage"
STREAM = f"{V1}EditingService/StreamEdits"
FILM = f"{V1}EditingService/RenderFilmstrip"
SAMPLE = f"{V1}EditingService/SampleLatents"
INVERT = f"{V1}EditingService/InvertImage"
EXPLAIN = f"{V1}ExplanationService/ExplainImage"
STREAM_EXPLANATION = f"{V1}ExplanationService/StreamExplanation"
AUDIT = f"{V1}ExplanationService/AuditClassifier"
GET_AUDIT = f"{V1}AuditService/GetAudit"
LIST_AUDITS = f"{V1}AuditService/ListAudits"
DOWNLOAD = f"{V1}AuditService/DownloadAudit"
CHECK = "/grpc.health.v1.Health/Check"
HEALTH_LIST = "/grpc.health.v1.Health/List"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

BASES: dict[str, Make] = {
    CREATE_MODEL: lambda live: model.CreateModelRequest(
        parent="projects/default",
        model_id="fresh",
        card_json=live.toy.card.model_copy(update={"digest": ""}).model_dump_json(),
        tensors=live.tensors,
    ),
    GET_MODEL: lambda live: model.GetModelRequest(name=live.toy.name),
    LIST_MODELS: lambda live: model.ListModelsRequest(parent="projects/default"),
    TRAIN: lambda live: model.TrainEncoderRequest(
        parent="projects/default", generator=live.toy.name, model_id="fresh-encoder"
    ),
    CREATE_SET: _imported,
    GET_SET: lambda live: finding.GetFindingSetRequest(name=live.findings),
    LIST_SETS: lambda live: finding.ListFindingSetsRequest(parent="projects/default"),
    SCORECARD: lambda live: finding.GetScorecardRequest(finding_set=live.findings),
    COMPARE: lambda live: finding.CompareFindingSetsRequest(
        parent="projects/default", finding_sets=[live.findings]
    ),
    LIST_METHODS: lambda live: discovery.ListDiscoveryMethodsRequest(parent="projects/default"),
    DISCOVER: _discover,
    EDIT: _edit,
    STREAM: lambda live: editing.StreamEditsRequest(sequence=1, edit=_edit(live)),
    FILM: lambda live: editing.RenderFilmstripRequest(
        recipe=_recipe(live),
        finding=pb.FindingRef(finding_set=live.findings, index=0),
        alphas=[-1.0, 1.0],
        predictors=[live.judge.name],
    ),
    SAMPLE: lambda live: editing.SampleLatentsRequest(generator=live.toy.name, seed=1, count=2),
    INVERT: lambda live: editing.InvertImageRequest(
        generator=live.toy.name, source=pb.ImageSource(image=PICTURES["right"], steps=2)
    ),
    EXPLAIN: _explain,
    STREAM_EXPLANATION: lambda live: explanation.StreamExplanationRequest(
        explanation=_explain(live)
    ),
    AUDIT: _audit,
    GET_AUDIT: lambda live: audits.GetAuditRequest(name=live.audit),
    LIST_AUDITS: lambda live: audits.ListAuditsRequest(parent="projects/default"),
    DOWNLOAD: lambda live: audits.DownloadAuditRequest(
        name=live.audit, format=audits.Audit.FORMAT_CSV
    ),
    f"{LRO}GetOperation": lambda live: operations.GetOperationRequest(name=live.running),
    f"{LRO}ListOperations": lambda live: operations.ListOperationsRequest(name="projects/default"),
    f"{LRO}CancelOperation": lambda live: operations.CancelOperationRequest(name=live.ended),
    f"{LRO}DeleteOperation": lambda live: operations.DeleteOperationRequest(name=live.running),
    f"{LRO}WaitOperation": lambda live: operations.WaitOperationRequest(
        name=live.running, timeout=Duration(nanos=1000)
    ),
    CHECK: lambda live: health.HealthCheckRequest(service="liveness"),
    HEALTH_LIST: lambda live: health.HealthListRequest(),
    WATCH: lambda live: health.HealthCheckRequest(service="nobody"),
    REFLECT: lambda live: reflection.ServerReflectionRequest(file_containing_symbol="nobody"),
}
FEW = frozenset({CHECK, HEALTH_LIST, WATCH, REFLECT})
"""Calls of standard protocols: a name that they do not know is, but for Check, a good request."""

NAMED = {
    "parent": ("projects/{p}", "PROJECT_NOT_FOUND", ""),
    "model": ("projects/{p}/models/{i}", "MODEL_NOT_FOUND", ""),
    "set": ("projects/{p}/findingSets/{i}", "FINDING_SET_NOT_FOUND", ""),
    "audit": ("projects/{p}/audits/{i}", "AUDIT_NOT_FOUND", ""),
    "operation": ("projects/{p}/operations/{i}", "OPERATION_NOT_FOUND", ""),
}
NAME_FIELDS = [
    (CREATE_MODEL, "parent", "parent"),
    (GET_MODEL, "name", "model"),
    (LIST_MODELS, "parent", "parent"),
    (TRAIN, "parent", "parent"),
    (TRAIN, "generator", "model"),
    (CREATE_SET, "parent", "parent"),
    (GET_SET, "name", "set"),
    (LIST_SETS, "parent", "parent"),
    (SCORECARD, "finding_set", "set"),
    (COMPARE, "parent", "parent"),
    (COMPARE, "finding_sets[0]", "set"),
    (LIST_METHODS, "parent", "parent"),
    (DISCOVER, "parent", "parent"),
    (DISCOVER, "generator", "model"),
    (DISCOVER, "predictors[0]", "model"),
    (DISCOVER, "judges[0]", "model"),
    (EDIT, "recipe.generator", "model"),
    (EDIT, "predictors[0]", "model"),
    (EDIT, "recipe.moves[0].finding.finding_set", "set"),
    (STREAM, "edit.recipe.generator", "model"),
    (FILM, "recipe.generator", "model"),
    (FILM, "finding.finding_set", "set"),
    (SAMPLE, "generator", "model"),
    (INVERT, "generator", "model"),
    (EXPLAIN, "classifier", "model"),
    (EXPLAIN, "finding_set", "set"),
    (STREAM_EXPLANATION, "explanation.classifier", "model"),
    (STREAM_EXPLANATION, "explanation.finding_set", "set"),
    (AUDIT, "parent", "parent"),
    (AUDIT, "generator", "model"),
    (AUDIT, "classifier", "model"),
    (AUDIT, "finding_sets[0]", "set"),
    (AUDIT, "allowed_scores[0].predictor", "model"),
    (AUDIT, "groups[0].predictor", "model"),
    (GET_AUDIT, "name", "audit"),
    (LIST_AUDITS, "parent", "parent"),
    (DOWNLOAD, "name", "audit"),
    (f"{LRO}GetOperation", "name", "operation"),
    (f"{LRO}ListOperations", "name", "parent"),
    (f"{LRO}CancelOperation", "name", "operation"),
    (f"{LRO}DeleteOperation", "name", "operation"),
    (f"{LRO}WaitOperation", "name", "operation"),
]
BAD_NAMES = {
    "empty": "",
    "path": "../../etc/passwd",
    "upper": "projects/default/models/UPPER",
    "newline": "projects/default/models/toy\n",
    "long": "projects/default/models/" + "a" * 500,
}


def named() -> Iterator[Case]:
    for call, path, kind in NAME_FIELDS:
        pattern, missing, _ = NAMED[kind]
        for label, bad in BAD_NAMES.items():
            yield changed(call, path, bad, "INVALID_FIELD", label)
        elsewhere = pattern.format(p="elsewhere", i="toy")
        yield changed(call, path, elsewhere, "PROJECT_NOT_FOUND", "elsewhere")
        if kind != "parent":
            yield changed(call, path, pattern.format(p="default", i="nobody"), missing, "unknown")


def garbage() -> Iterator[Case]:
    for call, base in BASES.items():
        yield Case(call, "noise", "MALFORMED_MESSAGE", lambda live: b"\xff" * 12)
        yield Case(call, "cut", "MALFORMED_MESSAGE", _cut(base))
        yield Case(call, "tag", "MALFORMED_MESSAGE", lambda live: b"\x07\x00")


def _cut(base: Make) -> Make:
    # every request ends with a field that has a length or is longer than one byte
    return lambda live: base(live).SerializeToString() + b"\x0a\x7f\x00"


def health_checks() -> Iterator[Case]:
    for bad in ("nobody", "directrix.v1.EditingService/EditImage", "../../etc/passwd", "x" * 5000):
        yield changed(CHECK, "service", bad, "NOT_FOUND")
    for call in (CHECK, WATCH, REFLECT):
        yield Case(call, "letters", "MALFORMED_MESSAGE", lambda live: b"\x0a\x02\xff\xfe")
    yield Case(HEALTH_LIST, "group", "MALFORMED_MESSAGE", lambda live: b"\x0b")


PAGED = {
    LIST_MODELS: "models",
    LIST_SETS: "sets",
    LIST_METHODS: "methods",
    LIST_AUDITS: "audits",
    f"{LRO}ListOperations": "operations",
}


def paged() -> Iterator[Case]:
    for call, own in PAGED.items():
        other = "models" if own != "models" else "sets"
        yield changed(call, "page_size", -1, "INVALID_FIELD")
        yield changed(call, "page_size", -(2**31), "INVALID_FIELD", "smallest")
        yield changed(call, "page_token", "garbage", "PAGE_TOKEN_INVALID")
        yield changed(call, "page_token", "é" * 8, "PAGE_TOKEN_INVALID", "letters")
        yield changed(call, "page_token", _token(other), "PAGE_TOKEN_INVALID", "of-another-list")
        yield changed(call, "page_token", _flipped(own), "PAGE_TOKEN_INVALID", "flipped")
        yield changed(call, "page_token", _longer(own), "PAGE_TOKEN_INVALID", "lengthened")


def _token(kind: str) -> Make:
    return lambda live: live.tokens[kind]


def _flipped(kind: str) -> Make:
    return lambda live: ("B" if live.tokens[kind][0] == "A" else "A") + live.tokens[kind][1:]


def _longer(kind: str) -> Make:
    return lambda live: live.tokens[kind] + "AAAA"


def changed(call: str, path: str, value: object, reason: str, label: str = "") -> Case:
    def make(live: Scene) -> Message:
        message = BASES[call](live)
        put(message, path, value(live) if callable(value) else value)
        return message

    words = f"{path}={label or _word(value)}"
    return Case(call, words, reason, make)


def put(message: Message, path: str, value: object) -> None:
    """Sets the field at a path like "recipe.moves[0].alpha"; None clears it."""
    head, _, rest = path.partition(".")
    name, _, index = head.partition("[")
    place = int(index[:-1]) if index else None
    field = getattr(message, name)
    if rest:
        put(field if place is None else field[place], rest, value)
    elif value is None:
        message.ClearField(name)
    elif place is not None and isinstance(value, Message):
        field[place].CopyFrom(value)
    elif place is not None:
        field[place] = value
    elif isinstance(value, list):
        del field[:]
        field.extend(value)
    elif isinstance(value, Message):
        field.CopyFrom(value)
    else:
        setattr(message, name, value)


def _word(value: object) -> str:
    return "made" if callable(value) or isinstance(value, Message) else str(value)[:24]


def tensor(shape: list[int], data: bytes, kind: int = pb.DATA_TYPE_FLOAT32) -> pb.Tensor:
    return pb.Tensor(data_type=kind, shape=shape, data=data)


def floats(*values: float) -> pb.Tensor:
    return tensor([len(values)], struct.pack(f"<{len(values)}f", *values))


def latent(space: int = pb.SPACE_W, values: pb.Tensor = UNIT, digest: Make | None = None) -> Make:
    return lambda live: pb.Latent(
        space=space,
        generator_digest=digest(live) if digest else live.toy.digest,
        values=values,
    )


WRONG_TENSORS = {
    "type": tensor([W_DIM], b"\0" * 8 * W_DIM, pb.DATA_TYPE_INT64),
    "no-type": tensor([W_DIM], b"\0" * 4 * W_DIM, pb.DATA_TYPE_UNSPECIFIED),
    "unknown-type": tensor([W_DIM], b"\0" * 4 * W_DIM, 99),
    "short": tensor([W_DIM], b"\0" * 7),
    "no-data": tensor([W_DIM], b""),
    "huge": tensor([2**30, 2**30], b"\0"),
    "negative": tensor([-W_DIM], b"\0" * 4 * W_DIM),
    "axes": tensor([1] * 9, b"\0" * 4),
    "nan": floats(NAN, *[0.0] * (W_DIM - 1)),
    "infinite": floats(INF, *[0.0] * (W_DIM - 1)),
}


def wrong_models(call: str, generator: str, predictor: str) -> Iterator[Case]:
    yield changed(call, generator, lambda live: live.judge.name, INVALID, "predictor")
    mismatch = "PREDICTOR_MISMATCH"
    yield changed(call, predictor, lambda live: live.wide.name, mismatch, "other-size")
    yield changed(call, predictor, lambda live: live.toy.name, mismatch, "generator")
