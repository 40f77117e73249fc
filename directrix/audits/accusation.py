"""Accusation: which findings a classifier relies on more than chance and others account for.

Findings are accused one after the other. The next one is, of those whose steady change that
nothing allowed tells is above the floor, the one with most of it per grey level that the pictures
change: how far 1 SD of a finding goes does not count, and one that is merely alike to the cause
changes more of the picture for the same. What it accounts for, picture by picture, is taken from
all others; allowed findings account first. The floor is LEAST, or what random findings reach so
rarely that the chance that any candidate like them does is FALSE, their sizes taken for normal. A
finding of which more than half is accounted for is not accused.

Source: written for Directrix; orthogonal matching pursuit (Pati et al. 1993).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from directrix.audits.reliance import Changes, account, beyond, standard, steady

FALSE = 0.05
"""Chance that any of the candidates is accused though it is like the random findings."""

LEAST = 0.35
"""SD of the log odds for 1 SD of a finding: less is not worth an accusation. Two classifiers that
were taught alike differ by up to half of it (docs/audits.md)."""

OWN = 0.5
"""Share of an effect that has to be left where those accused before have had theirs."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """left [F, n, K]: what nothing allowed tells. The rest [F]: its steady size, that as a multiple
    of the floor, the share of it that no finding accused before accounts for, who is accused, and
    in which order (0 is first; F for the others)."""

    left: np.ndarray
    beyond: np.ndarray
    floor: float
    strength: np.ndarray
    partial: np.ndarray
    accused: np.ndarray
    order: np.ndarray


def judge(
    candidates: Changes, chance: Changes, grey: np.ndarray, allowed: Iterable[int] = ()
) -> Verdict:
    """grey [F]: mean absolute change of a pixel, of every candidate; allowed: candidates that are
    never accused and account for what is like them."""
    mapping = account(candidates, chance)
    left, noise = beyond(candidates, mapping), beyond(chance, mapping)
    whole, closed, rest = steady(left), set(allowed), left
    for index in sorted(closed):
        rest, noise = _without(rest, rest[index]), _without(noise, rest[index])
    count = len(whole)
    order, partial = np.full(count, count), np.zeros(count)
    floor = _floor(noise, count)
    for place in range(count):
        sizes = steady(rest)
        free = [i for i in range(count) if i not in closed and sizes[i] > floor
                and sizes[i] > OWN * whole[i]]  # fmt: skip
        if not free:
            break
        best = max(free, key=lambda i: sizes[i] / max(grey[i], 1e-3))
        partial[best], order[best] = sizes[best] / whole[best], place
        closed.add(best)
        rest = _without(rest, rest[best])
    accused = order < count
    others = ~accused & (whole > 0)
    partial[others] = np.minimum(steady(rest)[others] / whole[others], 1)
    return Verdict(left, whole, floor, whole / floor, partial, accused, order)


def _without(signatures: np.ndarray, cause: np.ndarray) -> np.ndarray:
    """Signatures [F, n, K] without their part along a cause's, of whose pictures they have the
    first n."""
    cause = cause[: signatures.shape[1]]
    power = float(np.square(cause).sum())
    if power == 0:
        return signatures
    shares = np.einsum("fnk,nk->f", signatures, cause) / power
    return np.asarray(signatures - shares[:, None, None] * cause)


def _floor(noise: np.ndarray, count: int) -> float:
    """What one of `count` candidates like the random ones [R, n, K] passes with chance FALSE."""
    spread = float(np.sqrt(np.square(steady(noise)).mean()))
    return max(LEAST, standard(FALSE / (2 * count)) * spread)
