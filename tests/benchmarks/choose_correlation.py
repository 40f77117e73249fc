"""`python -m tests.benchmarks.choose_correlation [PAIRS]`: what `bench_correlation` froze, and why.

Tries settings of the sensitivity and strengths of the intervention on the first half of the class
pairs only, with latents of its own, and prints what each gives. Chosen was the largest gain over
random sets among those on whose flips the oracle agreed in 86 % or more.
"""

import sys

import numpy as np
import torch

from directrix.metrics import random_sets
from tests.benchmarks import bench_correlation as bench
from tests.benchmarks import bundled
from tests.benchmarks.clothes import Clothes, moved, restricted, stretched

COMMON = {"samples": 64, "epochs": 8}
GRID: tuple[dict[str, object], ...] = (
    {"aim": "rise", "penalty": 0.1, "reach": 3.0},
    {"aim": "rise", "penalty": 0.3, "reach": 3.0, "rate": 0.05},
    {"aim": "rise", "penalty": 0.45, "reach": 3.0},
    {"aim": "rise", "penalty": 0.1, "reach": 2.0},
    {"aim": "change", "penalty": 0.1, "reach": 3.0},
)
ALPHAS = (2.0, 3.0, 3.5, 4.0, 6.0)
SEED, STARTS, RANDOM_SETS = 2**61 + 7, 32, 2


def main() -> None:
    torch.set_num_threads(1)
    clothes = Clothes(bundled.load_generator(bundled.GENERATOR), bench.SPACE, SEED)
    starts = clothes.starts(STARTS)
    pairs = clothes.pairs[0][: int(sys.argv[1]) if len(sys.argv) > 1 else 5]
    for settings in GRID:
        print(settings, flush=True)
        tried = np.mean([trial(clothes, pair, starts, COMMON | settings) for pair in pairs], 0)
        for alpha, (chosen, random, agreed) in zip(ALPHAS, tried, strict=True):
            told = f"chosen {chosen:.2f}, random {random:.2f}, gain {chosen - random:.2f}"
            print(f"  alpha {alpha:g}: {told}, oracle {agreed / max(chosen, 1e-9):.2f}", flush=True)


def trial(
    clothes: Clothes,
    pair: tuple[int, int],
    starts: list[np.ndarray],
    settings: dict[str, object],
) -> np.ndarray:
    """Shares that end in the target by the set, by random sets, and by the set for both judges:
    [alphas, 3]."""
    points, target = starts[pair[0]], pair[1]
    whole = bench.controlling(clothes, pair, settings)
    chosen = restricted(whole, whole.coordinates[: bench.SET])
    length = float(np.linalg.norm(chosen.values))
    others = [
        stretched(restricted(whole, coordinates), length)
        for coordinates in random_sets(bench.SET, len(whole.coordinates), RANDOM_SETS, seed=5)
    ]
    rows = []
    for alpha in ALPHAS:
        ends = moved(points, chosen, alpha)
        flips = clothes.winners(ends) == target
        agreed = flips & (clothes.winners(ends, clothes.oracle) == target)
        random = [(clothes.winners(moved(points, f, alpha)) == target).mean() for f in others]
        rows.append((flips.mean(), np.mean(random), agreed.mean()))
    return np.array(rows)


if __name__ == "__main__":
    main()
