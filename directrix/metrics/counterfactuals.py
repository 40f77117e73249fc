"""What is measured of counterfactuals: originals x, answers x', each asked to become a class y.

Pure numbers: whoever looks at pictures is asked elsewhere. All attempts count, answers or not, for
what is left out makes the rest look better than it is.
"""

from collections.abc import Callable

import numpy as np

from directrix.metrics.frechet import frechet_distance

STEPS = 50
"""Parts in which an answer's pixels are pasted into the original."""


def changed_attributes(before: np.ndarray, after: np.ndarray) -> float:
    """Mean number of attributes that an oracle sees in only one of the two, MNAC.

    before, after: bool [N, A]. What was asked for is among them: a class turned into another
    is 2. Source: Jacob et al., STEEX (arXiv 2111.09094), as its released code counts.
    """
    return float((before != after).sum(1).mean())


def correlation_difference(
    before: np.ndarray, after: np.ndarray, data: np.ndarray, asked: np.ndarray
) -> float:
    """sum_a |corr(D_a, D_q) - corr(a, q)|, mean over the attributes q asked for: CD.

    before, after: bool [N, A] as an oracle sees them; D, their difference, in -1, 0, 1. data: bool
    [M, A], the attributes of training data. asked: [N]. A correlation with what never changes is 0.
    Source: Jeanneret et al., DiME (arXiv 2203.15636).
    """
    changes = _correlations(after.astype(float) - before.astype(float))
    world = _correlations(data.astype(float))
    return float(np.abs(changes - world)[np.unique(asked)].sum(1).mean())


def split_frechet(first: np.ndarray, second: np.ndarray, runs: int, seed: int) -> float:
    """Frechet distance of features [N, d] of originals to [N, d] of answers to *other* originals.

    Mean over `runs` random halves. The plain distance is small because answers look like what they
    came from. It falls with N: compare at equal N only.
    Source: Jeanneret et al., ACE (arXiv 2303.09962): sFID.
    """
    random = np.random.Generator(np.random.Philox(seed))
    half, found = len(first) // 2, []
    for _ in range(runs):
        order = random.permutation(len(first))
        one, other = order[:half], order[half : 2 * half]
        found += [frechet_distance(first[one], second[other])]
        found += [frechet_distance(first[other], second[one])]
    return float(np.mean(found))


def pasted(original: np.ndarray, answer: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """The answer's pixels pasted into the original, most changed first: uint8 [steps + 1, H, W, C].

    Source: Khorram and Fuxin, C3LT (arXiv 2203.15064): COUT.
    """
    change = np.abs(answer.astype(float) - original).sum(2).ravel()
    order = np.argsort(-change, kind="stable")
    found = np.repeat(original[None], steps + 1, 0).reshape(steps + 1, change.size, -1)
    new = answer.reshape(change.size, -1)
    for step in range(1, steps + 1):
        now = order[: round(change.size * step / steps)]
        found[step, now] = new[now]
    return found.reshape(steps + 1, *original.shape)


def cout(
    original: np.ndarray,
    answer: np.ndarray,
    source: int,
    target: int,
    chances: Callable[[np.ndarray], np.ndarray],
) -> float:
    """Area under p(target) minus that under p(source) while pixels are pasted, in [-1, 1].

    High where few pixels do it. `chances`: pictures uint8 [n, H, W, C] -> probabilities [n, K]. An
    answer equal to the original gets p(target) - p(source) of it.
    """
    seen = chances(pasted(original, answer))
    areas = (seen[1:] + seen[:-1]).mean(0) / 2
    return float(areas[target] - areas[source])


def _correlations(values: np.ndarray) -> np.ndarray:
    """[N, A] -> [A, A], 0 for columns that do not vary."""
    centred = values - values.mean(0)
    lengths = np.linalg.norm(centred, axis=0)
    unit = centred / np.where(lengths > 0, lengths, 1)
    return np.asarray(unit.T @ unit)
