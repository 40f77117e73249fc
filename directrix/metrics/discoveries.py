"""Which findings rise above random ones, so that few of those named are named by chance."""

import numpy as np

RATE = 0.04
"""False discoveries among the named findings that are allowed on average: a fifth below the 5 %
that is promised, so that what is measured over a few hundred trials keeps the promise too."""


def discovery_floor(strongest: np.ndarray, random: np.ndarray, rate: float = RATE) -> float:
    """The effect above which findings are named, in the unit of the effects.

    strongest [n], random [m]: the strongest effect of each finding and of each random finding.
    p_i = (1 + #{random >= strongest_i}) / (m + 1); Benjamini and Hochberg's step-up rule at
    `rate` decides which p are small enough, and the floor is the random effect at that cut. If
    findings are like the random ones, the chance that a set has any above the floor is at most
    `rate`; if some are real, at most this share of those above it are not, on average.

    Source: Benjamini and Hochberg, "Controlling the False Discovery Rate" (1995), eq. 1; Bates
    et al., "Testing for Outliers with Conformal p-values" (2023), theorem 2: it holds for p of a
    shared random sample. With m < n / rate - 1 a single finding cannot be named by itself.
    """
    n, falling = len(strongest), np.sort(random)[::-1]
    for named in range(n, 0, -1):
        # p <= rate * named / n means that at most this many random findings are as strong
        allowed = int(np.floor(rate * named / n * (len(random) + 1) * (1 + 1e-12))) - 1
        if allowed < 0:
            break
        floor = float(falling[min(allowed, len(random) - 1)])
        if np.sum(strongest > floor) >= named:
            return floor
    lone = int(np.floor(rate / n * (len(random) + 1) * (1 + 1e-12))) - 1
    if lone >= 0:
        return float(falling[lone])
    return float(max(falling[0], strongest.max()))
