"""What may be wrong with what makes, names and starts: models, finding sets, jobs."""

import json
import pickle
from collections.abc import Iterator

import numpy as np
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct, Value

from directrix.archive import pack_arrays
from directrix.v1 import values_pb2 as pb
from directrix.wire.tensors import tensor_to_proto
from tests.integration.gateway.malformed import (
    BASES,
    COMPARE,
    CREATE_MODEL,
    CREATE_SET,
    DISCOVER,
    GET_SET,
    INF,
    INVALID,
    LRO,
    NAN,
    SCORECARD,
    TRAIN,
    UNIT,
    WRONG_TENSORS,
    Case,
    Make,
    changed,
    floats,
    wrong_models,
)
from tests.integration.gateway.world import W_DIM, Scene


def models() -> Iterator[Case]:
    for bad in ("", "Upper", "9toy", "toy/../x", "a" * 64, "toy\0", "-toy", "projects/a"):
        yield changed(CREATE_MODEL, "model_id", bad, INVALID)
    yield changed(CREATE_MODEL, "card_json", "", INVALID, "empty")
    for bad in ("{}", "[]", "null", "{" * 500, "NaN", '"card"', '{"kind": "teapot"}'):
        yield changed(CREATE_MODEL, "card_json", bad, "MODEL_INVALID")
    for field, value in (
        ("digest", "0" * 64),
        ("image", {"channels": 2, "height": 8, "width": 8}),
        ("image", {"channels": 1, "height": 100_000, "width": 8}),
        ("spaces", [{"space": "q", "dimension": 4}]),
        ("spaces", [{"space": "z", "dimension": 0}]),
        ("name", "NO NAME"),
    ):
        label = f"{field}-{value}"
        yield changed(CREATE_MODEL, "card_json", _card(field, value), "MODEL_INVALID", label)
    yield changed(CREATE_MODEL, "tensors", b"", INVALID, "empty")
    nan = pack_arrays({"A": np.full(3, NAN, np.float32)})
    wrong = {
        "garbage": b"garbage!" * 4,
        "huge-header": b"\xff" * 8 + b"{}",
        "cut": pack_arrays({"A": np.zeros(30, np.float32)})[:-7],
        "pickle": pickle.dumps({"A": [1.0, 2.0]}),
        "nan": nan,
    }
    for label, data in wrong.items():
        yield changed(CREATE_MODEL, "tensors", data, "MODEL_INVALID", label)
    yield changed(CREATE_MODEL, "model_id", "other", "MODEL_EXISTS")


def _card(field: str, value: object) -> Make:
    def make(live: Scene) -> str:
        card = json.loads(live.toy.card.model_dump_json()) | {"digest": "", field: value}
        return json.dumps(card)

    return make


def finding_sets() -> Iterator[Case]:
    at = "finding_set.findings[0]"
    yield changed(CREATE_SET, "finding_set", None, INVALID)
    yield changed(CREATE_SET, "finding_set.findings", [], INVALID)
    yield changed(CREATE_SET, at + ".direction", None, INVALID)
    yield changed(CREATE_SET, at + ".hint", "x" * 201, INVALID, "long")
    digest = "finding_set.generator_digest"
    for bad in ("", "0" * 63, "g" * 64, "A" * 64):
        yield changed(CREATE_SET, digest, bad, INVALID)
    yield changed(CREATE_SET, digest, "0" * 64, "MODEL_NOT_FOUND", "unknown")
    yield changed(CREATE_SET, digest, lambda live: live.judge.digest, INVALID, "predictor")
    yield changed(CREATE_SET, digest, lambda live: live.other.digest, "SPACE_UNAVAILABLE", "other")
    for label, wrong in WRONG_TENSORS.items():
        yield changed(CREATE_SET, at + ".direction.vector", wrong, INVALID, label)
    yield changed(CREATE_SET, at + ".direction.vector", floats(2.0, 0.0), INVALID, "length-2")
    shorter = floats(1.0, 0.0)
    yield changed(CREATE_SET, at + ".direction.vector", shorter, "FINDING_MISMATCH", "shorter")
    for bad in (0.0, -1.0, NAN, INF):
        yield changed(CREATE_SET, at + ".direction.scale", bad, INVALID)
    yield changed(CREATE_SET, at + ".direction.space", pb.SPACE_UNSPECIFIED, INVALID)
    yield changed(CREATE_SET, at + ".direction.space", 77, INVALID)
    yield changed(CREATE_SET, at + ".direction.space", pb.SPACE_W_PLUS, INVALID, "flat")
    yield changed(CREATE_SET, at + ".direction.space", pb.SPACE_S, "SPACE_UNAVAILABLE")
    yield changed(CREATE_SET, at + ".direction.layers", [-1], INVALID)
    yield changed(CREATE_SET, at + ".direction.layers", [1, 1], INVALID)
    yield changed(CREATE_SET, at + ".direction.layers", [3], "LAYER_INVALID")
    for label, wrong, reason in _other_kinds():
        yield changed(CREATE_SET, at, wrong, reason, label)
    yield changed(GET_SET, "view", 99, INVALID)
    yield changed(
        SCORECARD, "finding_set", lambda live: live.unscored, "SCORECARD_NOT_FOUND", "unscored"
    )
    unscored = lambda live: [live.findings, live.unscored]  # noqa: E731
    yield changed(COMPARE, "finding_sets", unscored, "SCORECARD_NOT_FOUND", "unscored")
    yield changed(COMPARE, "finding_sets", [], INVALID, "none")
    twice = lambda live: [live.findings] * 2  # noqa: E731
    yield changed(COMPARE, "finding_sets", twice, INVALID, "twice")


def _other_kinds() -> Iterator[tuple[str, pb.Finding, str]]:
    rows = np.eye(W_DIM, dtype=np.float32)[:2]
    basis, scales = tensor_to_proto(rows), floats(1.0, 1.0)
    w = pb.SPACE_W
    for label, space in (
        ("skew-basis", pb.Subspace(space=w, basis=tensor_to_proto(rows + 1), scales=scales)),
        ("few-scales", pb.Subspace(space=w, basis=basis, scales=floats(1.0))),
        ("negative-scale", pb.Subspace(space=w, basis=basis, scales=floats(1.0, -1.0))),
        ("flat-basis", pb.Subspace(space=w, basis=UNIT, scales=scales)),
        ("layered-basis", pb.Subspace(space=pb.SPACE_W_PLUS, basis=basis, scales=scales)),
    ):
        yield label, pb.Finding(subspace=space), INVALID
    mlp = {"w1": basis, "b1": scales, "w2": scales}
    good = {"space": w, "form": pb.Field.FORM_MLP, "parameters": mlp, "scale": 1.0, "steps": 4}
    for label, change in (
        ("no-form", {"form": 0}),
        ("other-form", {"form": pb.Field.FORM_RBF}),
        ("no-arrays", {"parameters": {}}),
        ("more-arrays", {"parameters": mlp | {"w3": scales}}),
        ("no-steps", {"steps": 0}),
        ("many-steps", {"steps": 1001}),
        ("nan-scale", {"scale": NAN}),
    ):
        yield label, pb.Finding(field=pb.Field(**(good | change))), INVALID
    whole = {n: tensor_to_proto(np.array(v, np.int64)) for n, v in _INDICES.items()}
    one, two = floats(1.0), floats(1.0, 2.0)
    for label, units, reason in (
        ("no-layer", pb.Units(channels=whole["0"], targets=one), INVALID),
        ("unknown-layer", pb.Units(layer="q", channels=whole["0"], targets=one), "LAYER_INVALID"),
        (
            "channel-9",
            pb.Units(layer="plane", channels=whole["9"], targets=one),
            "FINDING_MISMATCH",
        ),
        ("channel--1", pb.Units(layer="plane", channels=whole["-1"], targets=one), INVALID),
        ("channel-twice", pb.Units(layer="plane", channels=whole["00"], targets=two), INVALID),
        ("float-channel", pb.Units(layer="plane", channels=one, targets=one), INVALID),
    ):
        yield label, pb.Finding(units=units), reason
    add = pb.Intervention.OPERATION_ADD
    for label, cut, reason in (
        ("no-operation", _cut(w, whole["0"], one, 0), INVALID),
        ("coordinate-9", _cut(w, whole["9"], one, add), "FINDING_MISMATCH"),
        ("coordinate--1", _cut(w, whole["-1"], one, add), INVALID),
        ("more-values", _cut(w, whole["0"], two, add), INVALID),
        ("layered", _cut(pb.SPACE_W_PLUS, whole["0"], one, add), INVALID),
    ):
        yield label, pb.Finding(intervention=cut), reason


_INDICES = {"0": [0], "9": [9], "-1": [-1], "00": [0, 0]}


def _cut(space: int, where: pb.Tensor, values: pb.Tensor, operation: int) -> pb.Intervention:
    return pb.Intervention(space=space, coordinates=where, values=values, operation=operation)


def trainings() -> Iterator[Case]:
    yield changed(TRAIN, "generator", lambda live: live.judge.name, INVALID, "predictor")
    yield changed(TRAIN, "model_id", lambda live: live.toy.name.split("/")[-1], "MODEL_EXISTS")
    for bad in ("", "Upper", "a" * 64):
        yield changed(TRAIN, "model_id", bad, INVALID)
    for bad, reason in ((12, INVALID), (pb.SPACE_S, "SPACE_UNAVAILABLE")):
        yield changed(TRAIN, "space", bad, reason)
    yield changed(TRAIN, "space", pb.SPACE_W_PLUS, "SPACE_UNAVAILABLE", "missing")
    yield changed(TRAIN, "embedder", "UPPER", INVALID)
    nobody = "projects/default/models/nobody"
    yield changed(TRAIN, "embedder", nobody, "MODEL_NOT_FOUND", "nobody")
    yield changed(TRAIN, "embedder", lambda live: live.wide.name, "PREDICTOR_MISMATCH", "wide")
    yield changed(TRAIN, "embedder", lambda live: live.other.name, "PREDICTOR_MISMATCH", "other")
    for bad in (-1, 10**6 + 1):
        yield changed(TRAIN, "steps", bad, INVALID)
    yield changed(TRAIN, "seed", -1, INVALID)
    yield changed(TRAIN, "request_id", "not-a-uuid", INVALID)


def discoveries() -> Iterator[Case]:
    yield changed(DISCOVER, "method", "", INVALID)
    yield changed(DISCOVER, "method", "x" * 64, INVALID)
    yield changed(DISCOVER, "method", "teapot", "METHOD_NOT_FOUND")
    for name, bad in (
        ("count", 0),
        ("count", 65),
        ("count", 1.5),
        ("count", "three"),
        ("count", None),
        ("count", [1]),
        ("ratio", 0),
        ("ratio", 1.01),
        ("ratio", NAN),
        ("ratio", INF),
        ("space", "q"),
        ("space", {"deep": {"deeper": 1}}),
        ("unknown", 1),
        ("__class__", "x" * 3000),
    ):
        yield changed(DISCOVER, "parameters", _struct(name, bad), INVALID, f"{name}-{bad}"[:30])
    empty = Struct(fields={"count": Value()})
    yield changed(DISCOVER, "parameters", empty, INVALID, "no-value")
    yield changed(DISCOVER, "seed", -1, INVALID)
    yield changed(DISCOVER, "samples", -1, INVALID)
    yield changed(DISCOVER, "samples", 10**12, INVALID)
    for bad in ("1", "not-a-uuid", "4b1f0f2a0e6d4f4e9d6b0d8e5b2f7a11", "x" * 5000):
        yield changed(DISCOVER, "request_id", bad, INVALID)
    twice = lambda live: [live.judge.name] * 2  # noqa: E731
    yield changed(DISCOVER, "predictors", twice, INVALID, "twice")
    many = [f"projects/default/models/m{i}" for i in range(17)]
    yield changed(DISCOVER, "predictors", many, INVALID, "many")
    yield from wrong_models(DISCOVER, "generator", "predictors[0]")
    yield Case(DISCOVER, "needs", "NEEDS_UNMET", _border)
    yield Case(DISCOVER, "request-id", "REQUEST_ID_REUSED", _reused)


def _border(live: Scene) -> object:
    message = BASES[DISCOVER](live)
    message.method = "border"
    del message.predictors[:]
    return message


def _reused(live: Scene) -> object:
    message = BASES[DISCOVER](live)
    message.validate_only = False
    message.request_id = live.used_request_id
    message.seed = 99
    return message


def _struct(name: str, value: object) -> Struct:
    given = Struct()
    given.update({name: value})
    return given


def operations() -> Iterator[Case]:
    yield changed(f"{LRO}ListOperations", "filter", "done = true", INVALID)
    own = "projects/default/operations"
    yield changed(f"{LRO}ListOperations", "name", own, INVALID, "collection")
    wait = f"{LRO}WaitOperation"
    yield changed(wait, "timeout", Duration(seconds=-1), INVALID, "negative")
    delete = f"{LRO}DeleteOperation"
    running = lambda live: live.running  # noqa: E731
    yield changed(delete, "name", running, "OPERATION_UNFINISHED", "running")
    model = lambda live: live.toy.name  # noqa: E731
    for call in ("GetOperation", "CancelOperation", "DeleteOperation", "WaitOperation"):
        yield changed(f"{LRO}{call}", "name", model, INVALID, "model")


RESOURCE_FIELDS = (
    models,
    finding_sets,
    trainings,
    discoveries,
    operations,
)
