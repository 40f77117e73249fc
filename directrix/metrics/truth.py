"""The bench of truth: any finding set against known factors, in one table with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField
from directrix.metrics.dependency import Dependency, attribute_dependency, check_curves
from directrix.metrics.leakage import Leakage, measure_leakage

CHANGES = (1.0, 2.0)
"""SDs of the target at which dependencies are compared."""

HEADS = tuple(f"{kind} dependency at {c:g} SD" for c in CHANGES for kind in ("mean", "max"))


@dataclass(frozen=True)
class FindingTruth:
    """What moving along one finding truly does."""

    index: int
    leakage: Leakage
    """From the lower end of the grid to the upper one."""
    dependencies: tuple[Dependency, ...]
    """At a target change of 1 SD and of 2 SD."""


@dataclass(frozen=True)
class Truth:
    """All findings of a set against the same factors."""

    factors: tuple[str, ...]
    findings: tuple[FindingTruth, ...]

    def rows(self) -> list[dict[str, object]]:
        """One flat row a finding: plain numbers, pairs and names; None where censored."""
        return [self._row(finding) for finding in self.findings]

    def table(self) -> str:
        """The rows as a Markdown table, effects and dependencies with their 95 % intervals."""
        head = "| finding | factor | effect | leakage mean | leakage max | share |"
        head += "".join(f" {name} |" for name in HEADS)
        rule = "|---" * (6 + len(HEADS)) + "|"
        return "\n".join([head, rule, *(self._line(finding) for finding in self.findings)])

    def _row(self, finding: FindingTruth) -> dict[str, object]:
        leak = finding.leakage
        row: dict[str, object] = {
            "finding": finding.index,
            "factor": self.factors[leak.factor],
            "sign": leak.sign,
            "effect_sd": leak.effect,
            "effect_interval_sd": leak.intervals[leak.factor],
            "leakage_mean_sd": leak.mean,
            "leakage_max_sd": leak.most,
            "leakage_share": leak.share,
        }
        for at in finding.dependencies:
            key = f"at_{at.change:g}_sd"
            row[f"reached_{key}"] = at.reached
            row[f"dependency_mean_{key}"] = at.mean
            row[f"dependency_mean_interval_{key}"] = at.mean_interval
            row[f"dependency_max_{key}"] = at.most
            row[f"dependency_max_interval_{key}"] = at.most_interval
        return row

    def _line(self, finding: FindingTruth) -> str:
        leak = finding.leakage
        cells = [
            str(finding.index),
            self.factors[leak.factor],
            _told(leak.effect, leak.intervals[leak.factor]),
            f"{leak.mean:.2f}",
            f"{leak.most:.2f}",
            f"{leak.share:.2f}",
        ]
        for at in finding.dependencies:
            cells += [_told(at.mean, at.mean_interval), _told(at.most, at.most_interval)]
        return "| " + " | ".join(cells) + " |"


def measure_truth(
    alphas: tuple[float, ...],
    curves: Sequence[np.ndarray],
    base: np.ndarray,
    factors: Sequence[str],
    seed: int,
    intended: Sequence[int | None] | None = None,
) -> Truth:
    """Findings against known factors.

    alphas: [A], ascending, with 0 inside. curves: the factors [A, n, F] along each finding. base:
    the factors [N, F] of a population that begins with these n samples. intended: the factor that
    each finding is meant for; None means the one that it changes most. Raises InvalidField.
    """
    wanted = [None] * len(curves) if intended is None else list(intended)
    if len(wanted) != len(curves) or len(factors) != base.shape[1]:
        raise InvalidField("one intended factor a finding, one name a factor", field="intended")
    found = []
    for index, (curve, factor) in enumerate(zip(curves, wanted, strict=True)):
        check_curves(alphas, curve, base)
        leak = measure_leakage(curve[0], curve[-1], base, seed, factor)
        each = tuple(
            attribute_dependency(alphas, curve, base, leak.factor, change, seed)
            for change in CHANGES
        )
        found.append(FindingTruth(index, leak, each))
    return Truth(tuple(factors), tuple(found))


def _told(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return "not reached"
    return f"{value:.2f} ({interval[0]:.2f} to {interval[1]:.2f})"
