"""Every measure of counterfactuals, the same for every way of making them, from pixels alone.

The classifier is the one that was explained. Oracle and robust oracle were trained apart; the
judge of generators lends its features, for likeness and realism.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from directrix.metrics.counterfactuals import (
    changed_attributes,
    correlation_difference,
    cout,
    split_frechet,
)
from directrix.metrics.frechet import frechet_distance
from directrix.predictors import Predictor
from directrix.rendering.pixels import from_pixels
from tests.benchmarks import bundled, judge
from tests.benchmarks.meaning_answers import WANTED, Answer

RUNS = 10
"""Random halves of the split Frechet distance."""
CHUNK = 256
UNSURE = "shirt"
"""The class that nobody is sure of: told apart."""


@dataclass(frozen=True, eq=False)
class Jury:
    """classifier: the one explained. deviations: [K], the oracle's population SD of each logit.
    data: bool [M, K], the classes of training pictures."""

    classifier: Predictor
    oracle: Predictor
    robust: Predictor
    features: judge.Judge
    deviations: np.ndarray
    data: np.ndarray

    @property
    def classes(self) -> tuple[str, ...]:
        return self.classifier.scorers

    def chances(self, images: np.ndarray) -> np.ndarray:
        """Probabilities [n, K] of the classifier for uint8 [n, H, W, C]."""
        scores = torch.from_numpy(logits(self.classifier, images))
        return scores.softmax(1).numpy()


@dataclass(frozen=True, eq=False)
class Seen:
    """What the jury sees in one way's answers; rows are questions. Classes are columns."""

    source: np.ndarray
    target: np.ndarray
    chance: np.ndarray
    wins: np.ndarray
    oracle_before: np.ndarray
    oracle_after: np.ndarray
    robust_before: np.ndarray
    robust_after: np.ndarray
    sure: np.ndarray
    """bool [N]: no shirt asked for or given."""

    @property
    def valid(self) -> np.ndarray:
        return self.wins & (self.chance >= WANTED)

    @property
    def oracle(self) -> np.ndarray:
        """Valid, and the oracle sees the target too: bool [N]."""
        return self.valid & (self.oracle_after.argmax(1) == self.target)

    @property
    def robust(self) -> np.ndarray:
        return self.valid & (self.robust_after.argmax(1) == self.target)


def see(jury: Jury, answers: Sequence[Answer]) -> Seen:
    places = {name: i for i, name in enumerate(jury.classes)}
    source = np.array([places[a.asked.source] for a in answers])
    target = np.array([places[a.asked.target] for a in answers])
    before, after = _pictures(answers)
    chances = jury.chances(after)
    return Seen(
        source,
        target,
        chances[np.arange(len(target)), target],
        chances.argmax(1) == target,
        logits(jury.oracle, before),
        logits(jury.oracle, after),
        logits(jury.robust, before),
        logits(jury.robust, after),
        np.array([UNSURE not in (a.asked.source, a.asked.target) for a in answers]),
    )


def measure(jury: Jury, answers: Sequence[Answer], seen: Seen) -> dict[str, float | None]:
    """Name -> value over all questions; None where a way has no such thing."""
    before, after = _pictures(answers)
    looks = [jury.features(from_pixels(torch.from_numpy(p)))[0] for p in (before, after)]
    change = after.astype(float) - before
    known = seen.robust_before.argmax(1) == seen.source
    hard = [p.argmax(1)[:, None] == np.arange(p.shape[1]) for p in _oracle(seen)]
    likeness = F.cosine_similarity(*looks).numpy()
    first, second = (look.numpy() for look in looks)
    return {
        "validity": float(seen.valid.mean()),
        "validity_at_half": float((seen.chance > 0.5).mean()),
        "oracle": float(seen.oracle.mean()),
        "robust_oracle": float(seen.robust.mean()),
        "robust_oracle_sure": float(seen.robust[seen.sure].mean()),
        "robust_oracle_shirt": float(seen.robust[~seen.sure].mean()),
        "robust_oracle_known": float(seen.robust[known].mean()),
        "confidence_gap": float(1 - seen.chance.mean()),
        "pixel_l1": float(np.abs(change).mean()),
        "pixel_l2": float(np.sqrt(np.square(change / 127.5).sum((1, 2, 3))).mean()),
        "feature_distance": float((looks[1] - looks[0]).norm(dim=1).mean()),
        "latent_sd": _mean([a.distance for a in answers]),
        "moved": _median([a.moved for a in answers]),
        "classes_changed": changed_attributes(*hard),
        "correlation_difference": correlation_difference(*hard, jury.data, seen.target),
        "side_effects_sd": _side_effects(jury, seen),
        "likeness": float(likeness.mean()),
        "frechet": frechet_distance(first, second),
        "split_frechet": split_frechet(first, second, RUNS, seed=0),
        "cout": _cout(jury, answers, seen),
        "seconds": float(np.median([a.seconds for a in answers])),
        "generator_calls": float(np.median([a.generator_calls for a in answers])),
        "classifier_calls": float(np.median([a.classifier_calls for a in answers])),
    }


def diversity(jury: Jury, sets: Sequence[Sequence[np.ndarray]]) -> float:
    """Mean pairwise distance in the judge's features between answers to one question."""
    found = []
    for images in sets:
        if len(images) > 1:
            pixels = from_pixels(torch.from_numpy(np.stack(images)))
            found.append(float(torch.pdist(jury.features(pixels)[0]).mean()))
    return float(np.mean(found))


@torch.inference_mode()
def logits(predictor: Predictor, images: np.ndarray) -> np.ndarray:
    """[n, K] of uint8 [n, H, W, C]."""
    pixels = from_pixels(torch.from_numpy(images))
    return torch.cat([predictor.scores(chunk) for chunk in pixels.split(CHUNK)]).numpy()


def jury(classifier: Predictor, population: np.ndarray, labels: np.ndarray) -> Jury:
    """population: uint8 [n, H, W, C], generated. labels: classes [M] of training pictures."""
    oracle = bundled.load_predictor(bundled.ORACLE)
    data = labels[:, None] == np.arange(len(classifier.scorers))
    robust = bundled.load_predictor(bundled.ROBUST)
    spread = logits(oracle, population).std(0)
    return Jury(classifier, oracle, robust, judge.load(), spread, data)


def _side_effects(jury: Jury, seen: Seen) -> float:
    """Mean |change| of the oracle's other logits, neither source nor target, in population SD."""
    rows = np.arange(len(seen.source))
    before, after = _oracle(seen)
    change = np.abs(after - before) / jury.deviations
    others = np.ones_like(change, bool)
    others[rows, seen.source] = others[rows, seen.target] = False
    return float(change[others].mean())


def _oracle(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    return seen.oracle_before, seen.oracle_after


def _cout(jury: Jury, answers: Sequence[Answer], seen: Seen) -> float:
    pairs = zip(answers, seen.source, seen.target, strict=True)
    return float(np.mean([cout(a.original, a.image, s, t, jury.chances) for a, s, t in pairs]))


def _pictures(answers: Sequence[Answer]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([a.original for a in answers]), np.stack([a.image for a in answers])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _median(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
