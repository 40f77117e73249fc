"""The scorecard: the same measurements for every finding of every method."""

from pydantic import BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScorerRef(_Value):
    """One scorer of one predictor, with the spread of its scores over the population."""

    predictor: str
    scorer: str
    deviation: float
    """Population standard deviation in the scorer's unit: the SD that effects are given in."""


class FindingScore(_Value):
    """What moving along one finding does; lists run over the scorecard's `scorers`."""

    index: int
    target: str
    """Name of the scorer it moves most, which names the finding; "none" below the floor."""
    sign: int
    """+1 or -1: the sign of alpha that raises the target."""
    effect_sd: float
    """Mean change of the target from alpha = -reach to +reach, in SD, along `sign`."""
    effects_sd: tuple[float, ...]
    side_effect_sd: float
    """Largest absolute change of any other scorer over the same move, in SD."""
    monotonicity: float
    """Share of held-out latents whose target score rises at every step of the grid."""
    curve_sd: tuple[tuple[float, ...], ...]
    """[alphas][scorers]: mean change against alpha = 0, in SD."""
    interval_sd: tuple[float, float]
    """95 % bootstrap interval of `effect_sd`: doubt of held-out latents and of the SD."""


class Scorecard(_Value):
    """An artifact of its own that points to a finding set; re-scoring never changes the set."""

    finding_set: str
    generator: str
    scorers: tuple[ScorerRef, ...]
    alphas: tuple[float, ...]
    seed: int
    """Of the held-out latents, which no method has seen."""
    samples: int
    random_floor_sd: float
    """Findings above it are named: random findings of the same spaces and lengths reach it so
    rarely that at most 5 % of the named are named by chance (`directrix.metrics.discoveries`)."""
    random_findings: int
    findings: tuple[FindingScore, ...]
