"""Scorecards by the same judges -> one table over methods."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from directrix.errors import InvalidField, ScorecardsDiffer
from directrix.types import (
    NONE,
    ComparedSet,
    Comparison,
    FindingScore,
    MatchedScore,
    Provenance,
    Scorecard,
)

MEDIANS = (
    *("dependency_mean_sd", "dependency_max_sd", "frechet", "identity"),
    *("log_density", "norm_ratio", "area"),
)
"""What is told of a set in one number, at each change."""


@dataclass(frozen=True)
class Candidate:
    """A finding set to be compared. name: how it is called in the table; spaces: where it moves."""

    name: str
    provenance: Provenance
    spaces: tuple[str, ...]
    card: Scorecard


def compare(candidates: Sequence[Candidate]) -> Comparison:
    """In their order. Raises ScorecardsDiffer where they were not measured alike."""
    if not candidates:
        raise InvalidField("a comparison needs at least one finding set", field="finding_sets")
    first = candidates[0]
    for other in candidates[1:]:
        _check_alike(first, other)
    return Comparison(
        generator=first.card.generator,
        scorers=first.card.scorers,
        alphas=first.card.alphas,
        samples=first.card.samples,
        sets=tuple(_compared(candidate) for candidate in candidates),
    )


def _check_alike(first: Candidate, other: Candidate) -> None:
    """Deviations may differ a little: every card may have latents of its own seed."""
    alike: dict[str, Callable[[Scorecard], object]] = {
        "generators": lambda card: card.generator,
        "judges": lambda card: [(ref.predictor, ref.scorer) for ref in card.scorers],
        "embedders": lambda card: card.embedder,
        "strengths": lambda card: card.alphas,
        "numbers of latents": lambda card: (card.samples, card.matched_samples),
    }
    for what, of in alike.items():
        if of(first.card) != of(other.card):
            raise ScorecardsDiffer(
                f"{first.name} and {other.name} were measured with other {what}: discover one of "
                "them again with the judges of the other",
                first=first.name,
                other=other.name,
            )


def _compared(candidate: Candidate) -> ComparedSet:
    card = candidate.card
    named = [score for score in card.findings if score.target != NONE]
    changes = sorted({matched.change_sd for score in card.findings for matched in score.matched})
    targets = sorted({score.target for score in named})
    return ComparedSet(
        finding_set=candidate.name,
        method=candidate.provenance.method,
        version=candidate.provenance.version,
        spaces=candidate.spaces,
        findings=len(card.findings),
        named=len(named),
        random_floor_sd=card.random_floor_sd,
        independent=card.independent,
        medians=tuple(_medians(named, change) for change in changes),
        best=tuple(_best([s for s in named if s.target == target]) for target in targets),
    )


def _medians(named: Sequence[FindingScore], change: float) -> MatchedScore:
    found = [score.at(change) for score in named]
    there = [matched for matched in found if matched is not None and matched.alpha is not None]
    values: dict[str, Any] = {}
    for name in MEDIANS:
        known = [getattr(m, name) for m in there if getattr(m, name) is not None]
        if known:
            values[name] = median(known)
    share = len(there) / len(named) if named else 0.0
    return MatchedScore(change_sd=change, reached=share, **values)


def _best(scores: Sequence[FindingScore]) -> FindingScore:
    def rank(score: FindingScore) -> tuple[bool, float]:
        at = score.at(1.0)
        if at is None or at.dependency_mean_sd is None:
            return True, -score.effect_sd
        return False, at.dependency_mean_sd

    return min(scores, key=rank)
