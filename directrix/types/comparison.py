"""A comparison: finding sets of one generator, judged alike, beside one another."""

from pydantic import BaseModel, ConfigDict

from directrix.types.scorecard import FindingScore, MatchedScore, ScorerRef


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ComparedSet(_Value):
    """One finding set among others."""

    finding_set: str
    """Name or digest."""
    method: str
    version: str
    spaces: tuple[str, ...]
    """Where its findings move: "z", "w", "w+", "s", or the names of layers."""
    findings: int
    named: int
    """How many move a score more than random ones do."""
    random_floor_sd: float
    independent: bool
    medians: tuple[MatchedScore, ...]
    """Over the named findings that reach a change; `reached` is their share of the named ones."""
    best: tuple[FindingScore, ...]
    """For every target that the set names, the finding with the least mean dependency at 1 SD;
    where none reaches that, the one with the largest effect. By target."""

    def on(self, target: str) -> FindingScore | None:
        """The best finding for a target, None where the set names none after it."""
        return next((score for score in self.best if score.target == target), None)


class Comparison(_Value):
    """What the same judges said of several finding sets."""

    generator: str
    scorers: tuple[ScorerRef, ...]
    alphas: tuple[float, ...]
    samples: int
    sets: tuple[ComparedSet, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """Everything that any set names, those that most sets name first."""
        count: dict[str, int] = {}
        for each in self.sets:
            for score in each.best:
                count[score.target] = count.get(score.target, 0) + 1
        return tuple(sorted(count, key=lambda target: (-count[target], target)))
