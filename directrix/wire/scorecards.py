"""Scorecards and the scores of single images."""

from collections.abc import Sequence

from directrix.types import FindingScore, MatchedScore, Scorecard, ScorerRef
from directrix.v1 import finding_service_pb2 as service
from directrix.v1 import values_pb2 as pb

PLAIN = (
    *("alpha", "dependency_mean_sd", "dependency_max_sd", "frechet", "identity"),
    *("log_density", "norm_ratio", "area"),
)
"""Fields of a matched score that may be absent."""
INTERVALS = {
    "dependency_mean_interval_sd": ("dependency_mean_low_sd", "dependency_mean_high_sd"),
    "dependency_max_interval_sd": ("dependency_max_low_sd", "dependency_max_high_sd"),
}


def scores_to_proto(predictor: str, scorers: Sequence[str], row: Sequence[float]) -> pb.Scores:
    """predictor: its resource name. row: one value a scorer."""
    values = {name: float(value) for name, value in zip(scorers, row, strict=True)}
    return pb.Scores(predictor=predictor, values=values)


def scorecard_to_proto(card: Scorecard, finding_set: str) -> service.Scorecard:
    """finding_set: the resource name of the set."""
    return service.Scorecard(
        finding_set=finding_set,
        generator_digest=card.generator,
        scorers=[scorer_to_proto(ref) for ref in card.scorers],
        seed=card.seed,
        samples=card.samples,
        random_floor_sd=card.random_floor_sd,
        random_findings=card.random_findings,
        findings=[score_to_proto(score, card.alphas) for score in card.findings],
        independent=card.independent,
        matched_samples=card.matched_samples,
        features_digest=card.features,
        embedder_digest=card.embedder,
        strangers=card.strangers,
        alphas=card.alphas,
    )


def scorecard_from_proto(message: service.Scorecard, finding_set: str) -> Scorecard:
    """finding_set: the digest of the set."""
    return Scorecard(
        finding_set=finding_set,
        generator=message.generator_digest,
        scorers=tuple(scorer_from_proto(ref) for ref in message.scorers),
        alphas=tuple(message.alphas),
        seed=message.seed,
        samples=message.samples,
        random_floor_sd=message.random_floor_sd,
        random_findings=message.random_findings,
        findings=tuple(score_from_proto(score) for score in message.findings),
        independent=message.independent,
        matched_samples=message.matched_samples,
        features=message.features_digest,
        embedder=message.embedder_digest,
        strangers=_told(message, "strangers"),
    )


def scorer_to_proto(ref: ScorerRef) -> service.ScorerRef:
    return service.ScorerRef(
        predictor_digest=ref.predictor, scorer=ref.scorer, deviation=ref.deviation
    )


def scorer_from_proto(message: service.ScorerRef) -> ScorerRef:
    return ScorerRef(
        predictor=message.predictor_digest, scorer=message.scorer, deviation=message.deviation
    )


def score_to_proto(score: FindingScore, alphas: Sequence[float]) -> service.FindingScore:
    """alphas: those that the curve is of."""
    return service.FindingScore(
        index=score.index,
        target=score.target,
        sign=score.sign,
        effect_sd=score.effect_sd,
        effects_sd=score.effects_sd,
        side_effect_sd=score.side_effect_sd,
        readable=score.readable,
        monotonicity=score.monotonicity,
        curve=[
            service.FindingScore.CurvePoint(alpha=alpha, effects_sd=effects)
            for alpha, effects in zip(alphas, score.curve_sd, strict=True)
        ],
        calibration_sd=score.calibration_sd,
        effect_low_sd=score.interval_sd[0],
        effect_high_sd=score.interval_sd[1],
        linearity=score.linearity,
        unit=score.unit,
        safe_low=score.safe[0],
        safe_high=score.safe[1],
        matched=[matched_to_proto(matched) for matched in score.matched],
    )


def score_from_proto(message: service.FindingScore) -> FindingScore:
    return FindingScore(
        index=message.index,
        target=message.target,
        sign=message.sign,
        effect_sd=message.effect_sd,
        effects_sd=tuple(message.effects_sd),
        side_effect_sd=message.side_effect_sd,
        readable=message.readable if message.HasField("readable") else 1.0,
        monotonicity=message.monotonicity,
        curve_sd=tuple(tuple(point.effects_sd) for point in message.curve),
        calibration_sd=tuple(message.calibration_sd),
        interval_sd=(message.effect_low_sd, message.effect_high_sd),
        linearity=message.linearity,
        unit=message.unit,
        safe=(message.safe_low, message.safe_high),
        matched=tuple(matched_from_proto(matched) for matched in message.matched),
    )


def matched_to_proto(matched: MatchedScore) -> service.MatchedScore:
    fields = {name: getattr(matched, name) for name in ("change_sd", "reached", *PLAIN)}
    message = service.MatchedScore(**fields, effects_sd=matched.effects_sd)
    for name, (low, high) in INTERVALS.items():
        interval = getattr(matched, name)
        if interval is not None:
            setattr(message, low, interval[0])
            setattr(message, high, interval[1])
    return message


def matched_from_proto(message: service.MatchedScore) -> MatchedScore:
    return MatchedScore(
        change_sd=message.change_sd,
        reached=message.reached,
        effects_sd=tuple(message.effects_sd),
        **{name: _told(message, name) for name in PLAIN},
        **{name: _interval(message, *ends) for name, ends in INTERVALS.items()},
    )


def _interval(message: service.MatchedScore, low: str, high: str) -> tuple[float, float] | None:
    return (getattr(message, low), getattr(message, high)) if message.HasField(low) else None


def _told(message: service.MatchedScore | service.Scorecard, name: str) -> float | None:
    return getattr(message, name) if message.HasField(name) else None
