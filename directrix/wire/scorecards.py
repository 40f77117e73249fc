"""Scorecards and the scores of single images."""

from collections.abc import Sequence

from directrix.types import FindingScore, Scorecard, ScorerRef
from directrix.v1 import finding_service_pb2 as service
from directrix.v1 import values_pb2 as pb


def scores_to_proto(predictor: str, scorers: Sequence[str], row: Sequence[float]) -> pb.Scores:
    """predictor: its resource name. row: one value a scorer."""
    values = {name: float(value) for name, value in zip(scorers, row, strict=True)}
    return pb.Scores(predictor=predictor, values=values)


def scorecard_to_proto(card: Scorecard, finding_set: str) -> service.Scorecard:
    """finding_set: the resource name of the set."""
    return service.Scorecard(
        finding_set=finding_set,
        generator_digest=card.generator,
        scorers=[
            service.ScorerRef(
                predictor_digest=ref.predictor,
                scorer=ref.scorer,
                deviation=ref.deviation,
            )
            for ref in card.scorers
        ],
        seed=card.seed,
        samples=card.samples,
        random_floor_sd=card.random_floor_sd,
        random_findings=card.random_findings,
        findings=[_score_to_proto(score, card.alphas) for score in card.findings],
    )


def _score_to_proto(score: FindingScore, alphas: Sequence[float]) -> service.FindingScore:
    return service.FindingScore(
        index=score.index,
        target=score.target,
        sign=score.sign,
        effect_sd=score.effect_sd,
        effects_sd=score.effects_sd,
        side_effect_sd=score.side_effect_sd,
        monotonicity=score.monotonicity,
        curve=[
            service.FindingScore.CurvePoint(alpha=alpha, effects_sd=effects)
            for alpha, effects in zip(alphas, score.curve_sd, strict=True)
        ],
        effect_low_sd=score.interval_sd[0],
        effect_high_sd=score.interval_sd[1],
    )


def scorecard_from_proto(message: service.Scorecard, finding_set: str) -> Scorecard:
    """finding_set: the digest of the set."""
    curves = [score.curve for score in message.findings]
    return Scorecard(
        finding_set=finding_set,
        generator=message.generator_digest,
        scorers=tuple(
            ScorerRef(
                predictor=ref.predictor_digest,
                scorer=ref.scorer,
                deviation=ref.deviation,
            )
            for ref in message.scorers
        ),
        alphas=tuple(point.alpha for point in curves[0]) if curves else (),
        seed=message.seed,
        samples=message.samples,
        random_floor_sd=message.random_floor_sd,
        random_findings=message.random_findings,
        findings=tuple(_score_from_proto(score) for score in message.findings),
    )


def _score_from_proto(message: service.FindingScore) -> FindingScore:
    return FindingScore(
        index=message.index,
        target=message.target,
        sign=message.sign,
        effect_sd=message.effect_sd,
        effects_sd=tuple(message.effects_sd),
        side_effect_sd=message.side_effect_sd,
        monotonicity=message.monotonicity,
        curve_sd=tuple(tuple(point.effects_sd) for point in message.curve),
        interval_sd=(message.effect_low_sd, message.effect_high_sd),
    )
