"""What may be wrong with what audits are asked, and with how their results are read."""

from collections.abc import Iterator

from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import values_pb2 as pb
from tests.integration.gateway.malformed import (
    AUDIT,
    BASES,
    DOWNLOAD,
    GET_AUDIT,
    INF,
    INVALID,
    NAN,
    Case,
    Make,
    changed,
)
from tests.integration.gateway.pictures import PICTURES, WRONG_PICTURES
from tests.integration.gateway.world import Scene

MISMATCH = "PREDICTOR_MISMATCH"
TWO = [PICTURES["right"]] * 2


def models() -> Iterator[Case]:
    yield changed(AUDIT, "generator", lambda live: live.judge.name, INVALID, "predictor")
    for field in ("classifier", "reference", "rival"):
        yield changed(AUDIT, field, "UPPER", INVALID)
        yield changed(AUDIT, field, "projects/default/models/nobody", "MODEL_NOT_FOUND", "nobody")
        yield changed(AUDIT, field, lambda live: live.wide.name, MISMATCH, "wide")
        yield changed(AUDIT, field, lambda live: live.meter.name, MISMATCH, "regressor")
        yield changed(AUDIT, field, lambda live: live.toy.name, MISMATCH, "generator")
    yield changed(AUDIT, "finding_sets", [], INVALID, "none")
    twice = lambda live: [live.findings] * 2  # noqa: E731
    yield changed(AUDIT, "finding_sets", twice, INVALID, "twice")
    foreign = lambda live: [live.foreign]  # noqa: E731
    yield changed(AUDIT, "finding_sets", foreign, "FINDING_MISMATCH", "foreign")


def references() -> Iterator[Case]:
    for field in ("allowed_scores", "groups"):
        yield changed(AUDIT, f"{field}[0].scorer", "nobody", INVALID)
        yield changed(AUDIT, f"{field}[0].scorer", "x" * 201, INVALID, "long")
        wide = lambda live: live.wide.name  # noqa: E731
        yield changed(AUDIT, f"{field}[0].predictor", wide, MISMATCH, "wide")
    meter = lambda live: live.meter.name  # noqa: E731
    yield changed(AUDIT, "groups[0].predictor", meter, MISMATCH, "no-scorer")
    yield changed(AUDIT, "allowed_findings[0].index", -1, INVALID)
    yield changed(AUDIT, "allowed_findings[0].index", 3, INVALID)
    other = lambda live: live.foreign  # noqa: E731
    yield changed(AUDIT, "allowed_findings[0].finding_set", other, INVALID, "not-asked")


def numbers() -> Iterator[Case]:
    for field, values in (
        ("seed", (-1,)),
        ("samples", (-1, 1, 10_001)),
        ("random_findings", (-1, 19, 10_001)),
        ("explained", (-1, 1001)),
        ("noise_sd", (-0.1, NAN, INF, 11.0)),
        ("pairs", (-1, 1001)),
        ("steps", ([2.0, 3.0], [1.0, 3.0, 2.0], [1.0, 1.0], [1.0, NAN], [0.5], [1.0, 101.0])),
        ("request_id", ("not-a-uuid",)),
    ):
        for value in values:
            yield changed(AUDIT, field, value, INVALID)


def pictures() -> Iterator[Case]:
    for label, parts, reason in (
        ("none", {}, INVALID),
        ("one", {"images": TWO[:1]}, INVALID),
        ("both", {"images": TWO, "digest": "0" * 64}, INVALID),
        ("empty", {"images": [b"", b""]}, INVALID),
        ("no-digest", {"digest": "0" * 63}, INVALID),
        ("unknown", {"digest": "0" * 64}, "OBJECT_NOT_FOUND"),
        ("steps", {"images": TWO, "steps": 2001}, INVALID),
        ("encoder-only", {"images": TWO, "encoder_only": True}, INVALID),
        ("encoder", {"images": TWO, "encoder": "x/y"}, INVALID),
        ("space", {"images": TWO, "space": 77}, INVALID),
        ("no-space", {"images": TWO, "space": pb.SPACE_W_PLUS}, "SPACE_UNAVAILABLE"),
    ):
        given = explanation.PictureSet(**parts)
        yield changed(AUDIT, "pictures", given, reason, label)
    for label, reason in WRONG_PICTURES.items():
        given = explanation.PictureSet(images=[PICTURES["right"], PICTURES[label]])
        yield changed(AUDIT, "pictures", given, reason, label)
    embedder = _pictures(lambda live: {"embedder": live.wide.name})
    yield changed(AUDIT, "pictures", embedder, MISMATCH, "embedder")
    encoder = _pictures(lambda live: {"encoder": live.judge.name})
    yield changed(AUDIT, "pictures", encoder, "ENCODER_MISMATCH", "encoder-kind")
    tensors = _pictures(lambda live: {"images": [], "digest": live.stored_tensors})
    yield changed(AUDIT, "pictures", tensors, "OBJECT_NOT_FOUND", "other-content")
    yield Case(AUDIT, "pictures-and-samples", INVALID, _with_samples)


def _pictures(parts: Make) -> Make:
    return lambda live: explanation.PictureSet(**{"images": TWO, **parts(live)})


def _with_samples(live: Scene) -> object:
    message = BASES[AUDIT](live)
    message.samples = 16
    message.pictures.images.extend(TWO)
    return message


def documents() -> Iterator[Case]:
    for bad in (0, 4, 99, -1):
        yield changed(DOWNLOAD, "format", bad, INVALID)
    findings = lambda live: live.findings  # noqa: E731
    for call in (GET_AUDIT, DOWNLOAD):
        yield changed(call, "name", findings, INVALID, "finding-set")


AUDIT_FIELDS = (models, references, numbers, pictures, documents)
