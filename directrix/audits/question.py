"""AuditQuestion: what is asked of a whole classifier."""

from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField, NeedsUnmet
from directrix.types import EXPLANATION_BUDGET, FindingSet, Latent

MOST_SAMPLES = 10_000


@dataclass(frozen=True)
class Scores:
    """Scorers of one predictor: all of them, or the named ones."""

    predictor: int
    """Position among the predictors."""
    scorers: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class AuditQuestion:
    """Which classifier, along which findings, over which pictures.

    finding_sets: all their findings are candidates. classifier, reference, rival: positions among
    the predictors. The reference is a classifier that is trusted to answer by what it should, and
    knows the same classes; allowed_scores are further scores that an answer may depend on, and
    allowed findings (set, index) are never accused. Without any of the three nobody is accused.
    groups: subgroups by these scores: their sign, or a classifier's class where no scorer is named.
    samples: of the population with this seed; or `latents`, such as inversions of `images`,
    uint8 [N, H, W, C] in the same order. steps: strengths that flips are looked for at, in SD,
    ascending from 1. random_findings: those that make the floor. explained: pictures whose
    explanation is tried for stability, with noise_sd of latent noise; 0 leaves it out.
    pairs: class pairs, most frequent first, that flips and global directions are told of.
    target_probability: what the new class has to reach for a flip of these and of explanations to
    count; 0 means just past the flip. budget: pictures that one explanation may take.
    Raises InvalidField, NeedsUnmet.
    """

    finding_sets: tuple[FindingSet, ...]
    classifier: int = 0
    reference: int | None = None
    rival: int | None = None
    allowed_scores: tuple[Scores, ...] = ()
    allowed: tuple[tuple[int, int], ...] = ()
    groups: tuple[Scores, ...] = ()
    seed: int = 0
    samples: int = 128
    latents: Latent | None = None
    images: np.ndarray | None = None
    steps: tuple[float, ...] = (1.0, 2.0, 3.0)
    random_findings: int = 60
    explained: int = 8
    noise_sd: float = 0.1
    pairs: int = 12
    target_probability: float = 0.0
    budget: int = EXPLANATION_BUDGET

    def __post_init__(self) -> None:
        _want(2 <= self.count <= MOST_SAMPLES, f"an audit takes 2 to {MOST_SAMPLES} pictures",
              "samples")  # fmt: skip
        grid = self.steps
        _want(
            bool(grid) and grid[0] == 1 and list(grid) == sorted(set(grid)),
            "steps ascend from 1",
            "steps",
        )
        _want(self.random_findings >= 20, "a floor takes 20 or more random findings",
              "random_findings")  # fmt: skip
        _want(0 <= self.target_probability < 1, "target_probability lies in [0, 1)",
              "target_probability")  # fmt: skip
        _want(1 <= self.budget <= 100_000, "budget lies in [1, 100000]", "budget")
        if not any(len(findings) for findings in self.finding_sets):
            raise NeedsUnmet("an audit needs at least one finding")
        for place, index in self.allowed:
            known = 0 <= place < len(self.finding_sets)
            _want(known and 0 <= index < len(self.finding_sets[place]),
                  f"there is no finding {index} in set {place}", "allowed")  # fmt: skip
        if self.images is not None:
            _want(
                self.latents is not None and len(self.latents) == len(self.images),
                "images come with one latent each, their inversions",
                "images",
            )

    @property
    def count(self) -> int:
        """How many pictures are looked at."""
        return self.samples if self.latents is None else len(self.latents)

    @property
    def judged(self) -> bool:
        """Whether anybody has said what the classifier may rely on."""
        return self.reference is not None or bool(self.allowed_scores) or bool(self.allowed)


def _want(holds: bool, message: str, field: str) -> None:
    if not holds:
        raise InvalidField(message, field=field)
