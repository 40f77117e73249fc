"""What the fake gateway answers with: pictures, finding sets, scorecards and cards."""

import json

import numpy as np

from directrix.types import FindingScore, MatchedScore, Scorecard, ScorerRef
from directrix.v1 import (
    finding_service_pb2,
    values_pb2,
)
from directrix.wire.tensors import tensor_to_proto

CLASSES = (
    *("t-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "boot"),
)
GENERATOR_DIGEST = "a" * 64
FINDINGS = 10


def position(recipe: values_pb2.Recipe) -> float:
    return recipe.seed.index % 10 + sum(move.alpha for move in recipe.moves)


def draw(where: float) -> np.ndarray:
    """uint8 [28, 28, 1]: a soft bar at column 2.8 x `where`, wrapped at 10."""
    columns = np.arange(28, dtype=np.float64)
    offset = np.abs(columns - (where % 10) * 2.8)
    bar = np.exp(-np.square(np.minimum(offset, 28 - offset) / 3)) * 255
    rows = np.linspace(0.4, 1, 28)
    return (rows[:, None] * bar[None, :]).astype(np.uint8)[:, :, None]


def made_by(method: str) -> finding_service_pb2.FindingSet:
    stored = finding_service_pb2.FindingSet(
        method=method, method_version="1", generator_digest=GENERATOR_DIGEST, seed=7
    )
    stored.parameters.update({"count": FINDINGS})
    for i in range(FINDINGS):
        vector = tensor_to_proto(np.eye(FINDINGS, dtype=np.float32)[i])
        direction = values_pb2.Direction(space=values_pb2.SPACE_Z, vector=vector, scale=1.0)
        stored.findings.add(direction=direction, hint=f"component {i}")
    return stored


def scorecard(digest: str) -> Scorecard:
    """Finding i moves class i by 2 - i / 10 SD; the last one lies below the floor."""
    alphas = (-3.0, -1.5, 0.0, 1.5, 3.0)
    entries = []
    for i in range(FINDINGS):
        effect = 2 - i / 10
        effects = tuple(effect if k == i else -0.25 for k in range(10))
        entries.append(
            FindingScore(
                index=i,
                target="none" if i == FINDINGS - 1 else CLASSES[i],
                sign=1,
                effect_sd=effect,
                effects_sd=effects,
                side_effect_sd=0.25,
                monotonicity=0.75,
                curve_sd=tuple(tuple(a / 3 * e for e in effects) for a in alphas),
                interval_sd=(effect - 0.1, effect + 0.1),
                linearity=0.5,
                safe=(-1.5, 3.0),
                matched=(_matched(1.0, 3 / effect, effects), _matched(2.0, None, ())),
            )
        )
    return Scorecard(
        finding_set=digest,
        generator=GENERATOR_DIGEST,
        scorers=tuple(ScorerRef(predictor="b" * 64, scorer=c, deviation=2.5) for c in CLASSES),
        alphas=alphas,
        seed=11,
        samples=128,
        random_floor_sd=0.5,
        random_findings=20,
        findings=tuple(entries),
    )


def _matched(change: float, alpha: float | None, effects: tuple[float, ...]) -> MatchedScore:
    if alpha is None:
        return MatchedScore(change_sd=change, reached=0.25)
    return MatchedScore(
        change_sd=change,
        reached=0.75,
        alpha=alpha,
        dependency_mean_sd=0.125,
        dependency_mean_interval_sd=(0.1, 0.15),
        dependency_max_sd=0.25,
        dependency_max_interval_sd=(0.2, 0.3),
        effects_sd=tuple(effect * alpha / 3 for effect in effects),
        frechet=1.5,
        log_density=-0.5,
        norm_ratio=1.01,
        area=0.3,
    )


def card(kind: str, name: str) -> str:
    """A model card as the fake reads it."""
    if kind == "generator":
        spaces = [{"space": "z", "dimension": FINDINGS, "layers": 1}]
        return json.dumps({"kind": kind, "name": name, "spaces": spaces})
    scorers = [{"name": c, "kind": "logit", "unit": "logit"} for c in CLASSES]
    return json.dumps({"kind": kind, "name": name, "scorers": scorers})


def basic(stored: finding_service_pb2.FindingSet) -> finding_service_pb2.FindingSet:
    basic = finding_service_pb2.FindingSet()
    basic.CopyFrom(stored)
    basic.ClearField("findings")
    return basic


def scores_of(predictor: str, where: float) -> values_pb2.Scores:
    distances = [min(abs(where % 10 - k), 10 - abs(where % 10 - k)) for k in range(10)]
    values = {c: -d for c, d in zip(CLASSES, distances, strict=True)}
    return values_pb2.Scores(predictor=predictor, values=values)
