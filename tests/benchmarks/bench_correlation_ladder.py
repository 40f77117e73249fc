"""Correlation analysis against latent size and training age: what the paper left as future work.

On every rung of the ladder of DCGANs that is built (`make train-ladder`; Fashion-MNIST, space Z):
sparsity of the importance (Gini, Hoyer), agreement of the two methods, and translation: the share
of latents of other classes that end in class t after the extreme intervention on t's controlling
set (a fifth of the coordinates) less that of random sets of the same size and length. One figure
for each relation: Spearman's correlation over the rungs with the latent size (at the greatest age)
and with the age (within each size); the rungs themselves are in the rows.
"""

import numpy as np
import torch

from directrix import generators, methods
from directrix.errors import DataMissing
from directrix.methods.intervention import SequentialIntervention
from directrix.methods.sensitivity import Sensitivity
from directrix.metrics import CoordinateAnalysis, measure_agreement, random_sets
from directrix.model_files import read_model
from directrix.population import deviation
from directrix.types import Intervention, Operation, Space
from directrix.zoo import ladder
from directrix.zoo.model_folder import BUILT
from tests.benchmarks.clothes import Clothes, moved, stretched
from tests.benchmarks.evidence import Evidence

SEED, STARTS_SEED = 5, 2**61 + 13
SEQUENTIAL = {"samples": 24, "deltas": [-3, 3], "measure": "log_odds"}
OPTIMISED = {"samples": 64, "epochs": 6}
FRACTION, ALPHA, STARTS, RANDOM_SETS = 0.2, 4.0, 64, 2
TOLD = ("gini", "hoyer", "spearman", "jaccard", "translated", "gain")


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {
        "intervention": SEQUENTIAL,
        "sensitivity": OPTIMISED,
        "fraction": FRACTION,
        "alpha": ALPHA,
    }
    rungs = [(size, age) for size in ladder.SIZES for age in ladder.AGES]
    built = [rung for rung in rungs if (BUILT / ladder.name_of(*rung) / "card.json").exists()]
    if not built:
        raise DataMissing("no rung of the ladder is built: run 'make train-ladder'")
    rows = [measure(*rung) for rung in built]
    for row in rows:
        evidence.row(**row)
    evidence.figure("rungs", len(rows), "models", n=len(rows))
    for name in TOLD:
        oldest = [row for row in rows if row["age"] == max(ladder.AGES)]
        by_size = rank_correlation(oldest, "size", name)
        evidence.figure(f"{name}_by_size", by_size, "Spearman", n=len(oldest))
        sizes = sorted({row["size"] for row in rows})
        by_age = np.mean(
            [
                rank_correlation([r for r in rows if r["size"] == size], "age", name)
                for size in sizes
            ]
        )
        evidence.figure(f"{name}_by_age", float(by_age), "Spearman", n=len(rows))


def rank_correlation(rows: list[dict], cause: str, effect: str) -> float:
    x, y = (np.array([row[name] for row in rows], float) for name in (cause, effect))
    return measure_agreement(x, y, 1).spearman


def measure(size: int, age: int) -> dict[str, float]:
    """One rung: means over the ten classes."""
    card, arrays = read_model(BUILT / ladder.name_of(size, age))
    generator = generators.build(card, arrays, torch.device("cpu"))
    clothes = Clothes(generator, Space.Z, STARTS_SEED)
    problem = clothes.problem(SEED)
    alone = SequentialIntervention(methods.parse("intervention", SEQUENTIAL)).analyse(problem)
    together = Sensitivity(methods.parse("sensitivity", OPTIMISED)).analyse(problem)
    leading = max(1, int(FRACTION * size))
    pairs = zip(alone.importance.T, together.importance.T, strict=True)
    agreed = [measure_agreement(a, b, leading) for a, b in pairs]
    sparsity = alone.decoupling().mean(0)
    translated, random = np.mean(
        [translate(clothes, together, t, leading) for t in range(len(clothes.classes))], 0
    )
    return {
        "size": size,
        "age": age,
        "hoyer": float(sparsity[0]),
        "gini": float(sparsity[1]),
        "spearman": float(np.mean([a.spearman for a in agreed])),
        "jaccard": float(np.mean([a.jaccard for a in agreed])),
        "translated": float(translated),
        "random": float(random),
        "gain": float(translated - random),
    }


def translate(
    clothes: Clothes, analysis: CoordinateAnalysis, target: int, leading: int
) -> tuple[float, float]:
    """Shares of other classes' latents that end in the target: by the set, by random sets."""
    points = clothes.problem(SEED).sample(STARTS_SEED, 0, STARTS, Space.Z)
    points = points[clothes.winners(points) != target]
    spread = deviation(clothes.generator, Space.Z, np.eye(points.shape[1]))
    vector = (analysis.importance * analysis.signs)[:, target]
    vector = vector / np.abs(vector).max() * spread

    def share(chosen: np.ndarray, length: float) -> float:
        finding = Intervention(Space.Z, chosen, vector[chosen], Operation.ADD)
        ends = clothes.winners(moved(points, stretched(finding, length), ALPHA))
        return float((ends == target).mean())

    own = np.argsort(-np.abs(vector))[:leading]
    length = float(np.linalg.norm(vector[own]))
    sets = random_sets(leading, len(vector), RANDOM_SETS, SEED + target)
    return share(own, length), float(np.mean([share(chosen, length) for chosen in sets]))
