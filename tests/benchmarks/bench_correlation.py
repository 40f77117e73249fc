"""Correlation analysis: planted support, class-to-class translation, and what coordinates mean.

Translation: settings were chosen by `choose_correlation` on one seeded half of the 90 ordered pairs
of Fashion-MNIST's classes and are frozen here; this judges the other half, on latents that no fit
has seen. For every pair c -> t the sensitivity of t's log-odds from latents of class c gives a
controlling set; its extreme intervention is held against same-size random sets of the same
sensitivity vector and against its complement, all at equal Euclidean length, and against
InterFaceGAN's direction for t at that length. An oracle that was not differentiated judges flips.

Nulls: the Gini index of importance against rotated bases, and against scorers fitted to shuffled
labels on the classifier's own features; in every space, so that it shows where coordinates mean
something.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from directrix import methods
from directrix.archive import model_digest
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.generators import linear as linear_generator
from directrix.methods.interfacegan import InterFaceGan, InterFaceGanParams
from directrix.methods.intervention import SequentialIntervention
from directrix.methods.sensitivity import Sensitivity
from directrix.metrics import (
    CoordinateAnalysis,
    bootstrap_interval,
    complement,
    drift,
    gini,
    measure_translation,
    percentile,
    random_sets,
    rotation_test,
    slope_importance,
)
from directrix.model_files import read_model
from directrix.predictors import Predictor
from directrix.predictors import linear as linear_predictor
from directrix.types import Direction, ImageCard, Intervention, Population, PopulationSpec, Space
from directrix.zoo.model_folder import BUILT
from tests.benchmarks import bundled
from tests.benchmarks.clothes import Clothes, moved, restricted, stretched
from tests.benchmarks.evidence import Evidence

CPU = torch.device("cpu")

PLANTED, CARRIED, TOYS = 100, 10, 8
"""Dimensions of the toy, how many of them its score reads, and how many toys."""
RELEASED = {
    "mode": "multiplicative",
    "norm": "l2",
    "penalty": 0.2,
    "reach": 1.0,
    "rate": 0.05,
    "batch": 1,
    "epochs": 1,
    "start": 0.5,
    "samples": 1024,
}

SPACE = Space.W
SETTINGS = {"aim": "rise", "samples": 64, "epochs": 8, "penalty": 0.1, "reach": 3.0}
SET, ALPHA = 12, 3.5
"""Coordinates of a controlling set, of 64, and the extreme intervention's strength."""
STARTS, STARTS_SEED, FIT_SEED = 32, 2**61 + 11, 5
RANDOM_SETS = 2
POPULATION = 4096

SLOPES, NULLS = 48, 100
"""Latents whose slopes are taken, and how many rotated bases and shuffled scorers."""
READ = 2048
"""Images that shuffled scorers are fitted to."""


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {
        "space": SPACE,
        "sensitivity": SETTINGS,
        "set": SET,
        "alpha": ALPHA,
        "starts": STARTS,
        "random_sets": RANDOM_SETS,
        "nulls": NULLS,
    }
    for part in (translation, planted, nulls):
        part(evidence)
        evidence.write()


# ---- planted support


def planted(evidence: Evidence) -> None:
    found: dict[str, list[tuple[int, int]]] = {"intervention": [], "additive": [], "released": []}
    for seed in range(TOYS):
        problem, reading = toy(seed)
        for name, analysis in _analyses(problem).items():
            found[name].append(_recovered(analysis, reading))
            evidence.row(part="planted", toy=seed, method=name, recovered=found[name][-1])
    worst = {name: np.min(counts, 0) for name, counts in found.items()}
    support = min(worst["intervention"][0], worst["additive"][0])
    evidence.figure("planted_support", support, "dimensions", at_least=CARRIED, n=TOYS)
    evidence.figure("planted_signs", worst["additive"][1], "signs", at_least=CARRIED, n=TOYS)
    released = float(np.mean([ranked for ranked, _ in found["released"]]))
    evidence.figure("planted_support_released", released, "dimensions", n=TOYS)


def _analyses(problem: Problem) -> dict[str, CoordinateAnalysis]:
    make = {
        "intervention": SequentialIntervention(methods.parse("intervention", {"samples": 16})),
        "additive": Sensitivity(),
        "released": Sensitivity(methods.parse("sensitivity", RELEASED)),
    }
    return {name: method.analyse(problem) for name, method in make.items()}


def _recovered(analysis: CoordinateAnalysis, reading: np.ndarray) -> tuple[int, int]:
    """How many of the carrying dimensions lead, and how many of them have the right sign."""
    carrying = np.flatnonzero(reading)
    leading = np.argsort(-analysis.importance[:, 0])[:CARRIED]
    right = analysis.signs[carrying, 0] == np.sign(reading[carrying])
    return len(np.intersect1d(leading, carrying)), int(right.sum())


def toy(seed: int) -> tuple[Problem, np.ndarray]:
    """A linear generator of 100 dimensions, and a logit that reads 10 of them, strong to weak."""
    chance = np.random.Generator(np.random.Philox(seed))
    image = ImageCard(channels=1, height=12, width=12)
    arrays, _ = linear_generator.planted(tuple(np.linspace(3, 1, PLANTED)), 144, seed)
    reading = np.zeros(PLANTED, np.float32)
    signs = chance.choice([-1, 1], CARRIED)
    reading[chance.permutation(PLANTED)[:CARRIED]] = signs * np.linspace(1, 0.3, CARRIED)
    judge = linear_predictor.reading(arrays, reading[None])
    cards = (
        linear_generator.card("planted", image, PLANTED),
        linear_predictor.card("reader", image, "a"),
    )
    made, read = (
        card.model_copy(update={"digest": model_digest(card, tensors)})
        for card, tensors in zip(cards, (arrays, judge), strict=True)
    )
    generator = linear_generator.build(made, arrays, CPU)
    predictor = linear_predictor.build(read, judge, CPU)

    def score(latents) -> np.ndarray:
        with torch.inference_mode():
            images = generator.synthesise(torch.tensor(latents.values), latents.space)
            return predictor.scores(images).numpy()

    problem = Problem(generator, predictors=(read,), networks=(predictor,), score=score, seed=seed)
    return problem, reading


# ---- class-to-class translation


def translation(evidence: Evidence) -> None:
    clothes = Clothes(bundled.load_generator(bundled.GENERATOR), SPACE, STARTS_SEED)
    starts = clothes.starts(STARTS)
    boundaries = separate(clothes)
    rows = [translate(clothes, pair, starts, boundaries) for pair in clothes.pairs[1]]
    for row in rows:
        evidence.row(part="translation", **row)
    report(evidence, rows, clothes.generator.dimension(SPACE))


def translate(
    clothes: Clothes,
    pair: tuple[int, int],
    starts: list[np.ndarray],
    boundaries: tuple[Direction, ...],
    settings: dict[str, object] = SETTINGS,
    size: int = SET,
    alpha: float = ALPHA,
) -> dict[str, object]:
    """What one pair's controlling set does, and what the controls do."""
    source, target = pair
    whole = controlling(clothes, pair, settings)
    points, dimension = starts[source], clothes.generator.dimension(clothes.space)
    chosen = restricted(whole, whole.coordinates[:size])
    length = float(np.linalg.norm(chosen.values))

    def ends(finding: Intervention) -> np.ndarray:
        return clothes.winners(moved(points, stretched(finding, length), alpha))

    before, after = clothes.scores(points), clothes.scores(moved(points, chosen, alpha))
    sets = random_sets(size, dimension, RANDOM_SETS, FIT_SEED + source * 10 + target)
    measured = measure_translation(
        target,
        after.argmax(1),
        np.stack([ends(restricted(whole, coordinates)) for coordinates in sets]),
        ends(restricted(whole, complement(chosen.coordinates, dimension))),
        FIT_SEED,
    )
    rival = boundaries[target]
    same = Direction(rival.space, rival.vector, length)
    flipped = after.argmax(1) == target
    agreed = clothes.winners(moved(points, chosen, alpha), clothes.oracle) == target
    return {
        "source": clothes.classes[source],
        "target": clothes.classes[target],
        "n": len(points),
        "translated": measured.chosen,
        "random": measured.random,
        "complement": measured.complement,
        "gain": measured.gain,
        "low": measured.interval[0],
        "interfacegan": float((clothes.winners(moved(points, same, alpha)) == target).mean()),
        "flips": int(flipped.sum()),
        "agreed": int((agreed & flipped).sum()),
        "drift": drift(softmax(before), softmax(after), target),
        "gini": gini(whole.values),
    }


def controlling(
    clothes: Clothes, pair: tuple[int, int], settings: dict[str, object]
) -> Intervention:
    """Every coordinate of the space, most sensitive first."""
    source, target = (clothes.classes[c] for c in pair)
    own = {"space": clothes.space.value, "source": source, "scorers": [target], "top_k": 4096}
    method = Sensitivity(methods.parse("sensitivity", own | settings))
    found = method.fit(clothes.problem(FIT_SEED)).findings[0]
    assert isinstance(found, Intervention)
    return found


def separate(clothes: Clothes) -> tuple[Direction, ...]:
    """InterFaceGAN's directions, one a class."""
    spec = PopulationSpec(clothes.generator.card.digest, FIT_SEED)
    points = clothes.problem(FIT_SEED).sample(FIT_SEED, 0, POPULATION, clothes.space)
    scores = {clothes.classifier.card.digest: clothes.scores(points)}
    population = Population(spec, 0, POPULATION, scores)
    params = InterFaceGanParams(space=clothes.space.value)
    return InterFaceGan(params).fit(clothes.problem(FIT_SEED, population=population)).findings


def report(evidence: Evidence, rows: list[dict], dimension: int) -> None:
    gains = np.array([row["gain"] for row in rows])
    low, high = bootstrap_interval(gains, seed=0)
    n = len(rows)
    evidence.figure("translation_gain", float(gains.mean()), "share", at_least=0.3, n=n)
    evidence.figure("translation_gain_low", low, "share", at_least=0.0, n=n)
    evidence.figure("translation_gain_high", high, "share", n=n)
    evidence.figure("set_fraction", SET / dimension, "share", at_most=0.2)
    flips, agreed = (sum(row[name] for row in rows) for name in ("flips", "agreed"))
    evidence.figure("oracle_agreement", agreed / max(1, flips), "share", at_least=0.8, n=flips)
    for name in ("translated", "random", "complement", "interfacegan", "drift"):
        value = float(np.mean([row[name] for row in rows]))
        evidence.figure(f"translation_{name}", value, "share" if name != "drift" else "P", n=n)


def softmax(logits: np.ndarray) -> np.ndarray:
    return torch.tensor(logits).softmax(1).numpy()


# ---- where coordinates mean something


def nulls(evidence: Evidence) -> None:
    for name, generator, space in worlds():
        clothes = Clothes(generator, space, FIT_SEED)
        points = clothes.problem(FIT_SEED).sample(FIT_SEED, 0, READ, space)
        covariance = np.cov(points.T.astype(np.float64))
        slopes = slopes_of(clothes, points[:SLOPES], clothes.classifier.scores)
        test = rotation_test(slopes, covariance, NULLS, FIT_SEED)
        dealt = shuffled(clothes, points, covariance)
        found = np.array([test.percentiles(), [percentile(own, dealt) for own in test.gini]])
        for label, own, (turned, guessed) in zip(clothes.classes, test.gini, found.T, strict=True):
            evidence.row(
                part="nulls", space=name, scorer=label, gini=own, rotated=turned, shuffled=guessed
            )
        lower = found.min(0)
        target = {"at_least": 99.0} if (name == f"style_{SPACE.value}") else {}
        if target:
            evidence.figure(
                "importance_gini_percentile", float(np.median(lower)), "%", **target, n=len(lower)
            )
        for kind, column in zip(("rotated", "shuffled"), found, strict=True):
            evidence.figure(f"gini_{kind}_{name}", float(np.median(column)), "%", n=len(column))


def worlds() -> Iterator[tuple[str, Generator, Space]]:
    """The bundled generator's spaces, and a DCGAN's prior where the ladder is built."""
    style = bundled.load_generator(bundled.GENERATOR)
    for space in (Space.Z, Space.W, Space.S):
        yield f"style_{space.value}", style, space
    rung = BUILT / "fashion-dcgan-z64-192k"
    if rung.exists():
        from directrix import generators

        yield "dcgan_z", generators.build(*read_model(rung), CPU), Space.Z


def slopes_of(clothes: Clothes, points: np.ndarray, read) -> np.ndarray:
    """Gradients of every output of `read`(images) at the latents [n, d]: [K, n, d]."""
    found = []
    for rows in torch.tensor(points).split(32):
        rows = rows.requires_grad_(True)
        outputs = read(clothes.generator.synthesise(rows, clothes.space))
        slopes = [
            torch.autograd.grad(column.sum(), rows, retain_graph=True)[0] for column in outputs.T
        ]
        found.append(torch.stack(slopes).numpy())
    return np.concatenate(found, 1)


def shuffled(clothes: Clothes, points: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Gini of the importance for scorers fitted to shuffled labels, one a scorer: [NULLS]."""
    features = partial(hidden, clothes.classifier)
    with torch.inference_mode():
        parts = [
            features(clothes.generator.synthesise(rows, clothes.space))
            for rows in torch.tensor(points).split(64)
        ]
    known = torch.cat(parts).double().numpy()
    labels = clothes.winners(points)
    heads = fit_heads(known, labels, len(clothes.classes))

    def read(images: Tensor) -> Tensor:
        return features(images) @ torch.tensor(heads, dtype=torch.float32)

    slopes = slopes_of(clothes, points[:SLOPES], read)
    axes = np.eye(points.shape[1])
    return np.array([gini(slope_importance(s, covariance, axes)) for s in slopes])


def hidden(predictor: Predictor, images: Tensor) -> Tensor:
    """The classifier's last hidden layer."""
    return predictor._network.features(images)


def fit_heads(known: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Ridge regressions of shuffled labels on features [N, h], one a shuffle: [h, NULLS]."""
    chance = np.random.Generator(np.random.Philox(FIT_SEED))
    centred = known - known.mean(0)
    targets = np.stack(
        [(chance.permutation(labels) == i % classes).astype(float) for i in range(NULLS)], 1
    )
    gram = centred.T @ centred
    ridge = 0.01 * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.linalg.solve(gram + ridge, centred.T @ (targets - targets.mean(0)))
