"""The scorecard: the same measurements for every finding of every method."""

from pydantic import BaseModel, ConfigDict

from directrix.errors import FindingUncalibrated

NONE = "none"
"""The target of a finding that moves no scorer more than random findings do."""

Interval = tuple[float, float]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScorerRef(_Value):
    """One scorer of one predictor, with the spread of its scores over the population."""

    predictor: str
    scorer: str
    deviation: float
    """Population standard deviation in the scorer's unit: the SD that effects are given in."""


class MatchedScore(_Value):
    """What a finding does where its target has risen by a given amount.

    Of latents that have room for it: the half with the lowest target scores. Dependencies are
    those of the latents that the curves are of, each at its own strength. All below them is seen
    in pictures of other latents, all moved by `alpha`. None: the change is not reached on the
    grid, or nobody can tell.
    """

    change_sd: float
    """Of the target, in its SD."""
    reached: float
    """Share of the latents whose target changes so much within the grid."""
    alpha: float | None = None
    """The strength, sign included, at which the mean change of the target is `change_sd`."""
    dependency_mean_sd: float | None = None
    """Mean over latents of the mean size of the other scorers' changes, in SD."""
    dependency_mean_interval_sd: Interval | None = None
    dependency_max_sd: float | None = None
    """Mean over latents of the largest size of the other scorers' changes, in SD."""
    dependency_max_interval_sd: Interval | None = None
    effects_sd: tuple[float, ...] = ()
    """A row of the re-scoring matrix: mean change of every scorer, in SD; empty where censored."""
    frechet: float | None = None
    """Frechet distance between the features of the pictures before and after the move."""
    identity: float | None = None
    """Mean cosine between the embeddings of a picture before and after the move."""
    log_density: float | None = None
    """Mean change of the latents' log density, in nats."""
    norm_ratio: float | None = None
    """Mean length of the moved latents, as a multiple of the length before."""
    area: float | None = None
    """Share of a picture that holds 90 % of its squared change: small where a move is local."""


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
    readable: float = 1.0
    """Share of the held-out latents whose pictures the judges can read at every strength of the
    grid (ScoreKind.TRUST): the others count for nothing here. Below a half there is no name, and
    with fewer than two of them nothing is known of the finding: its effects are 0."""
    monotonicity: float
    """Share of held-out latents whose target score rises at every step of the grid."""
    linearity: float = 0.0
    """Mean over held-out latents of the squared correlation of strength and target score."""
    curve_sd: tuple[tuple[float, ...], ...]
    """[alphas][scorers]: mean change against alpha = 0, in SD."""
    calibration_sd: tuple[float, ...] = ()
    """[alphas]: mean change of the target over the latents that have room for it, in SD: the half
    of the held-out latents with the lowest target scores where it rises, with the highest where it
    falls. Empty stands for the curve itself."""
    interval_sd: Interval
    """95 % bootstrap interval of `effect_sd`: doubt of held-out latents and of the SD."""
    unit: float = 1.0
    """What one unit of the grid is as a move's alpha: below 1 for units and set interventions,
    which are whole at alpha = 1. All strengths but those of the grid are a move's own alpha."""
    safe: Interval = (0.0, 0.0)
    """Strengths up to which the target changes steadily and most of all, and latents stay where
    the population lies: points of the grid."""
    matched: tuple[MatchedScore, ...] = ()

    @property
    def column(self) -> int:
        """The target's place among the scorers, also where it lies below the floor."""
        return max(range(len(self.effects_sd)), key=lambda k: abs(self.effects_sd[k]))

    def at(self, change_sd: float) -> MatchedScore | None:
        """What was measured at a change of the target, None where nothing was."""
        return next((m for m in self.matched if m.change_sd == change_sd), None)

    def steady(self, alphas: tuple[float, ...], away: int) -> list[tuple[float, float]]:
        """(alpha, calibrated change) from 0 on to one side of the grid (away = 1 or -1), as far
        as the mean goes on in one direction."""
        known = self.calibration_sd or [row[self.column] for row in self.curve_sd]
        curve = list(zip(alphas, known, strict=True))
        points = sorted((p for p in curve if p[0] * away >= 0), key=lambda p: abs(p[0]))
        kept, towards = points[:1], away * self.sign
        for point in points[1:]:
            if (point[1] - kept[-1][1]) * towards <= 0:
                break
            kept.append(point)
        return [(alpha * self.unit, change) for alpha, change in kept]

    def strength(self, alphas: tuple[float, ...], change_sd: float) -> float | None:
        """The alpha at which the mean change of the target is `change_sd`: linear between the
        points of the grid. None beyond those that are steady."""
        points = self.steady(alphas, self.sign if change_sd >= 0 else -self.sign)
        for (near, before), (far, after) in zip(points, points[1:], strict=False):
            if min(before, after) <= change_sd <= max(before, after):
                return near + (change_sd - before) / (after - before) * (far - near)
        return None


class Scorecard(_Value):
    """An artifact of its own that points to a finding set; re-scoring never changes the set."""

    finding_set: str
    generator: str
    scorers: tuple[ScorerRef, ...]
    independent: bool = False
    """Whether the method saw none of the predictors that judge here."""
    alphas: tuple[float, ...]
    seed: int
    """Of the held-out latents, which no method has seen."""
    samples: int
    matched_samples: int = 0
    """Other held-out latents, whose pictures were looked at where the change is matched."""
    features: str = ""
    """Digest of the predictor whose features Frechet distances are of."""
    embedder: str = ""
    """Digest of the embedder that compares identities; empty where none judges."""
    strangers: float | None = None
    """Mean cosine between the embeddings of different unmoved pictures: what identity falls to."""
    random_floor_sd: float
    """Findings above it are named: random findings of the same spaces and lengths reach it so
    rarely that at most 5 % of the named are named by chance (`directrix.metrics.discoveries`)."""
    random_findings: int
    findings: tuple[FindingScore, ...]

    def score(self, index: int) -> FindingScore:
        """Of the finding at this position in its set. Raises FindingUncalibrated."""
        for found in self.findings:
            if found.index == index:
                return found
        raise FindingUncalibrated(f"the scorecard holds no finding {index}", index=str(index))

    def strength(self, index: int, change_sd: float) -> float:
        """The alpha at which a finding changes its target by `change_sd` SD on average.

        Raises FindingUncalibrated for a finding without a target and for changes off the grid.
        """
        found = self.score(index)
        if found.target == NONE:
            raise FindingUncalibrated(
                f"finding {index} moves no score more than random ones do: give a strength",
                index=str(index),
            )
        alpha = found.strength(self.alphas, change_sd)
        if alpha is None:
            low, high = (found.steady(self.alphas, away * found.sign)[-1][1] for away in (-1, 1))
            raise FindingUncalibrated(
                f"finding {index} is calibrated for changes of {found.target} by {low:.2f} to "
                f"{high:.2f} SD, not by {change_sd:g}: ask for less, or give a strength",
                index=str(index),
            )
        return alpha
