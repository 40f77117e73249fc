"""What may be wrong with what is rendered, sampled, inverted and explained."""

from collections.abc import Iterator

import numpy as np

from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import values_pb2 as pb
from tests.integration.gateway.malformed import (
    EDIT,
    EXPLAIN,
    FILM,
    INF,
    INVALID,
    INVERT,
    NAN,
    SAMPLE,
    STREAM,
    STREAM_EXPLANATION,
    WRONG_TENSORS,
    Case,
    Make,
    changed,
    floats,
    latent,
    tensor,
    wrong_models,
)
from tests.integration.gateway.pictures import PICTURES, WRONG_PICTURES
from tests.integration.gateway.world import Scene

HOLD = explanation.ExplainImageRequest.Hold
UNCALIBRATED = "FINDING_UNCALIBRATED"


def _asks(name: str, change: float, **parts: object) -> Make:
    """A move that asks for a change, along the first finding of a set."""

    def make(live: Scene) -> pb.Move:
        finding = pb.FindingRef(finding_set=getattr(live, name), index=0)
        return pb.Move(finding=finding, change_sd=change, **parts)

    return make


def _recipes(call: str, at: str) -> Iterator[Case]:
    """A recipe at `at`, with one move."""
    yield changed(call, at, None, INVALID)
    yield changed(call, at + ".seed", None, INVALID)
    yield changed(call, at + ".seed.seed", -1, INVALID)
    yield changed(call, at + ".seed.index", -(2**63), INVALID)
    for bad in (NAN, INF, -0.1, 2.5):
        yield changed(call, at + ".truncation", bad, INVALID)
    yield changed(call, at + ".noise", 42, INVALID)
    yield changed(call, at + ".noise_seed", -5, INVALID)
    move = at + ".moves[0]"
    for bad in (NAN, INF, -INF, 100.5, 1e300):
        yield changed(call, move + ".alpha", bad, INVALID)
    yield changed(call, move + ".finding", None, INVALID)
    yield changed(call, move + ".finding.index", -1, INVALID)
    yield changed(call, move + ".finding.index", 3, INVALID)
    yield changed(call, move + ".finding.index", 2**31 - 1, INVALID)
    foreign = move + ".finding.finding_set"
    yield changed(call, foreign, lambda live: live.foreign, "FINDING_MISMATCH", "foreign")
    yield changed(call, move + ".walk", 9, INVALID)
    yield changed(call, move + ".layers", [-1], INVALID)
    yield changed(call, move + ".layers", list(range(300)), INVALID)
    yield changed(call, move + ".layers", [1], "LAYER_INVALID")
    yield changed(call, move + ".coefficients", [NAN], INVALID)
    yield changed(call, move + ".coefficients", [1.0], INVALID, "of-a-direction")
    yield changed(call, at + ".moves", _moves(65), INVALID, "many")
    yield changed(call, at + ".conditions", _refs(65), INVALID, "many")
    for label, mask in _MASKS.items():
        yield changed(call, move + ".mask", mask, INVALID, label)
    yield from _latents(call, at + ".latent")
    for name, reason in WRONG_PICTURES.items():
        yield changed(call, at + ".image.image", PICTURES[name], reason, name)


_MASKS = {
    "other-size": tensor([4, 4], b"\0" * 64),
    "flat": tensor([64], b"\0" * 256),
    "bytes": tensor([8, 8], b"\0" * 64, pb.DATA_TYPE_UINT8),
    "short": tensor([8, 8], b"\0" * 255),
    "nan": tensor([8, 8], b"\xff" * 256),
    "above-1": tensor([8, 8], np.full(64, 1.5, "<f4").tobytes()),
}


def _moves(count: int) -> Make:
    def make(live: Scene) -> list[pb.Move]:
        ref = pb.FindingRef(finding_set=live.findings, index=0)
        return [pb.Move(finding=ref, alpha=0.1)] * count

    return make


def _refs(count: int) -> Make:
    return lambda live: [pb.FindingRef(finding_set=live.findings, index=0)] * count


def _latents(call: str, at: str) -> Iterator[Case]:
    for label, wrong in WRONG_TENSORS.items():
        yield changed(call, at, latent(values=wrong), INVALID, label)
    yield changed(call, at, latent(values=floats(1.0)), INVALID, "shorter")
    yield changed(call, at, latent(pb.SPACE_Z), INVALID, "z-of-w's-length")
    yield changed(call, at, latent(pb.SPACE_S), "SPACE_UNAVAILABLE", "s")
    yield changed(call, at, latent(pb.SPACE_W_PLUS), "SPACE_UNAVAILABLE", "w+")
    yield changed(call, at, latent(pb.SPACE_UNSPECIFIED), INVALID, "no-space")
    other = latent(digest=lambda live: live.other.digest)
    yield changed(call, at, other, "FINDING_MISMATCH", "other-generator")
    yield changed(call, at, latent(digest=lambda live: "toy"), INVALID, "no-digest")


def edits() -> Iterator[Case]:
    yield from _recipes(EDIT, "recipe")
    yield from wrong_models(EDIT, "recipe.generator", "predictors[0]")
    yield changed(EDIT, "encoding", 9, INVALID)
    yield changed(EDIT, "form", -1, INVALID)
    yield changed(EDIT, "predictors", lambda live: [live.judge.name] * 2, INVALID, "twice")
    hollow = lambda live: live.hollow.name  # noqa: E731
    yield changed(EDIT, "recipe.generator", hollow, "FINDING_MISMATCH", "hollow")
    plain = lambda live: pb.Recipe(generator=live.hollow.name, seed=pb.SeedSource())  # noqa: E731
    yield changed(EDIT, "recipe", plain, "MODEL_INVALID", "hollow")


def streams() -> Iterator[Case]:
    yield from _recipes(STREAM, "edit.recipe")
    yield from wrong_models(STREAM, "edit.recipe.generator", "edit.predictors[0]")
    yield changed(STREAM, "sequence", -1, INVALID)
    yield changed(STREAM, "edit", None, INVALID)


def films() -> Iterator[Case]:
    yield from _recipes(FILM, "recipe")
    yield from wrong_models(FILM, "recipe.generator", "predictors[0]")
    yield changed(FILM, "alphas", [], INVALID)
    yield changed(FILM, "alphas", [0.0] * 65, INVALID, "many")
    for bad in (NAN, INF, 101.0):
        yield changed(FILM, "alphas", [0.0, bad], INVALID)
    yield changed(FILM, "finding", None, INVALID)
    yield changed(FILM, "finding.index", 3, INVALID)
    foreign = lambda live: live.foreign  # noqa: E731
    yield changed(FILM, "finding.finding_set", foreign, "FINDING_MISMATCH", "foreign")
    change = "recipe.moves[0].change_sd"
    for bad in (NAN, INF, 101.0):
        yield changed(EDIT, change, bad, INVALID)
    yield changed(EDIT, change, 0.5, INVALID, "and-a-strength")
    yield changed(EDIT, "recipe.moves[0]", _asks("unscored", 0.5), UNCALIBRATED, "unscored")
    yield changed(EDIT, "recipe.moves[0]", _asks("findings", 2.5), UNCALIBRATED, "too-far")
    walk = pb.WALK_GREAT_CIRCLE
    yield changed(EDIT, "recipe.moves[0]", _asks("findings", 0.5, walk=walk), INVALID, "walk")
    yield changed(FILM, "recipe.moves", _moves(64), INVALID, "one-too-many")


def samples() -> Iterator[Case]:
    yield changed(SAMPLE, "generator", lambda live: live.judge.name, INVALID, "predictor")
    for bad in (0, -1, 1025, 2**31 - 1):
        yield changed(SAMPLE, "count", bad, INVALID)
    yield changed(SAMPLE, "seed", -1, INVALID)
    yield changed(SAMPLE, "start", -1, INVALID)
    yield changed(SAMPLE, "start", 2**63 - 1, INVALID)
    yield changed(SAMPLE, "space", 88, INVALID)
    yield changed(SAMPLE, "space", pb.SPACE_S, "SPACE_UNAVAILABLE")
    yield changed(SAMPLE, "space", pb.SPACE_W_PLUS, "SPACE_UNAVAILABLE")
    for bad in (NAN, INF, -1.0, 2.1):
        yield changed(SAMPLE, "truncation", bad, INVALID)


def inversions() -> Iterator[Case]:
    yield changed(INVERT, "generator", lambda live: live.judge.name, INVALID, "predictor")
    yield changed(INVERT, "source", None, INVALID)
    yield changed(INVERT, "source.image", b"", INVALID)
    for name, reason in WRONG_PICTURES.items():
        yield changed(INVERT, "source.image", PICTURES[name], reason, name)
    yield changed(INVERT, "source.steps", -1, INVALID)
    yield changed(INVERT, "source.steps", 2001, INVALID)
    yield changed(INVERT, "source.space", 12, INVALID)
    yield changed(INVERT, "source.space", pb.SPACE_S, "SPACE_UNAVAILABLE")
    yield changed(INVERT, "source.encoder_only", True, INVALID, "without-encoder")
    for field in ("source.encoder", "source.embedder"):
        yield changed(INVERT, field, "UPPER", INVALID)
        nobody = "projects/default/models/nobody"
        yield changed(INVERT, field, nobody, "MODEL_NOT_FOUND", "nobody")
    yield changed(INVERT, "source.encoder", lambda live: live.judge.name, "ENCODER_MISMATCH")
    yield Case(INVERT, "encoder-of-w", "ENCODER_MISMATCH", _encoded_in_z)
    yield changed(INVERT, "source.embedder", lambda live: live.wide.name, "PREDICTOR_MISMATCH")
    unseeing = lambda live: live.judge.name  # noqa: E731
    yield changed(INVERT, "source.embedder", unseeing, "PREDICTOR_MISMATCH", "no-maps")
    for label, name in (("wide", "wide"), ("generator", "toy"), ("regressor", "meter")):
        classifiers = lambda live, name=name: [getattr(live, name).name]  # noqa: E731
        yield changed(INVERT, "classifiers", classifiers, "PREDICTOR_MISMATCH", label)
    twice = lambda live: [live.judge.name] * 2  # noqa: E731
    yield changed(INVERT, "classifiers", twice, INVALID, "twice")


def _encoded_in_z(live: Scene) -> editing.InvertImageRequest:
    source = pb.ImageSource(image=PICTURES["right"], space=pb.SPACE_Z, encoder=live.encoder.name)
    return editing.InvertImageRequest(generator=live.toy.name, source=source)


def explanations() -> Iterator[Case]:
    yield from _explanations(EXPLAIN, "")
    yield from _explanations(STREAM_EXPLANATION, "explanation.")
    yield changed(STREAM_EXPLANATION, "explanation", None, INVALID)


def _explanations(call: str, path: str) -> Iterator[Case]:
    at = path + "recipe"
    yield changed(call, at, None, INVALID)
    yield changed(call, at + ".seed", None, INVALID)
    yield changed(call, at + ".truncation", NAN, INVALID)
    yield from _latents(call, at + ".latent")
    for name, reason in WRONG_PICTURES.items():
        yield changed(call, at + ".image.image", PICTURES[name], reason, name)
    yield from wrong_models(call, at + ".generator", path + "classifier")
    regressor = lambda live: live.meter.name  # noqa: E731
    yield changed(call, path + "classifier", regressor, "PREDICTOR_MISMATCH", "regressor")
    for label in ("wide", "toy", "meter"):
        name = lambda live, label=label: getattr(live, label).name  # noqa: E731
        yield changed(call, path + "oracle", name, "PREDICTOR_MISMATCH", label)
    yield changed(call, path + "oracle", "projects/default/models/nobody", "MODEL_NOT_FOUND")
    yield changed(call, path + "oracle", "nobody", INVALID)
    foreign = lambda live: live.foreign  # noqa: E731
    yield changed(call, path + "finding_set", foreign, "FINDING_MISMATCH", "foreign")
    yield changed(call, path + "target", "teapot", INVALID)
    yield changed(call, path + "target", "x" * 201, INVALID)
    for bad in (NAN, -0.1, 1.0):
        yield changed(call, path + "target_probability", bad, INVALID)
    for bad in (NAN, INF, -1.0, 101.0):
        yield changed(call, path + "max_alpha", bad, INVALID)
    yield changed(call, path + "allowed", [-1], INVALID)
    yield changed(call, path + "allowed", [0, 0], INVALID)
    yield changed(call, path + "allowed", [0, 3], INVALID)
    yield changed(call, path + "frozen", [-1], INVALID)
    yield changed(call, path + "frozen", [0, 0], INVALID)
    yield changed(call, path + "frozen", [0, 3], INVALID)
    for bad in (NAN, INF, -1.0, 3601.0):
        yield changed(call, path + "seconds", bad, INVALID)
    yield changed(call, path + "budget", -1, INVALID)
    yield changed(call, path + "budget", 100_001, INVALID)
    yield changed(call, path + "encoding", 7, INVALID)
    yield changed(call, path + "explainer", "tarot", INVALID)
    yield changed(call, path + "alternatives", 9, INVALID)
    for label, mask in _MASKS.items():
        yield changed(call, path + "region", mask, INVALID, label)
    nobody = [HOLD(predictor="projects/default/models/nobody")]
    yield changed(call, path + "hold", nobody, "MODEL_NOT_FOUND", "nobody")
    yield changed(call, path + "hold", [HOLD(predictor="nobody")], INVALID, "no name")
    unknown = lambda live: [HOLD(predictor=live.judge.name, scorer="charm")]  # noqa: E731
    yield changed(call, path + "hold", unknown, INVALID, "no scorer")
    endless = lambda live: [HOLD(predictor=live.judge.name, tolerance_sd=NAN)]  # noqa: E731
    yield changed(call, path + "hold", endless, INVALID, "tolerance")


RENDER_FIELDS = (
    edits,
    streams,
    films,
    samples,
    inversions,
    explanations,
)
