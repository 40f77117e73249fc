"""Comparisons of finding sets."""

from directrix.types import ComparedSet, Comparison
from directrix.v1 import finding_service_pb2 as pb
from directrix.wire.scorecards import (
    matched_from_proto,
    matched_to_proto,
    score_from_proto,
    score_to_proto,
    scorer_from_proto,
    scorer_to_proto,
)


def comparison_to_proto(value: Comparison) -> pb.CompareFindingSetsResponse:
    return pb.CompareFindingSetsResponse(
        generator_digest=value.generator,
        scorers=[scorer_to_proto(ref) for ref in value.scorers],
        alphas=value.alphas,
        samples=value.samples,
        sets=[
            pb.ComparedSet(
                finding_set=each.finding_set,
                method=each.method,
                method_version=each.version,
                spaces=each.spaces,
                finding_count=each.findings,
                named_count=each.named,
                random_floor_sd=each.random_floor_sd,
                independent=each.independent,
                medians=[matched_to_proto(medians) for medians in each.medians],
                best=[score_to_proto(score, value.alphas) for score in each.best],
            )
            for each in value.sets
        ],
    )


def comparison_from_proto(message: pb.CompareFindingSetsResponse) -> Comparison:
    return Comparison(
        generator=message.generator_digest,
        scorers=tuple(scorer_from_proto(ref) for ref in message.scorers),
        alphas=tuple(message.alphas),
        samples=message.samples,
        sets=tuple(
            ComparedSet(
                finding_set=each.finding_set,
                method=each.method,
                version=each.method_version,
                spaces=tuple(each.spaces),
                findings=each.finding_count,
                named=each.named_count,
                random_floor_sd=each.random_floor_sd,
                independent=each.independent,
                medians=tuple(matched_from_proto(medians) for medians in each.medians),
                best=tuple(score_from_proto(score) for score in each.best),
            )
            for each in message.sets
        ),
    )
