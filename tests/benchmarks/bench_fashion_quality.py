"""How good the bundled Fashion-MNIST models are, by a judge that none of them has seen.

10 000 seeded samples at truncation 1 against the 10 000 test images. Pictures of the samples, by
class, and of their nearest training images go to build/bench/fashion_quality.
"""

from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from directrix.batches import in_fixed_batches
from directrix.client.sheets import Sheet
from directrix.generators import Generator
from directrix.metrics import frechet_distance, radial_power
from directrix.population import latents
from directrix.predictors import Predictor
from directrix.types import Space
from directrix.zoo import fashion_data
from tests.benchmarks import bundled, judge
from tests.benchmarks.evidence import FOLDER, Evidence

SAMPLES, SEED = 10_000, 20_000
FINEST = 3
"""Rings of the spectrum that count as near the Nyquist frequency: 12, 13 and 14 cycles of 28."""
COMPARED = 2_000
"""Samples whose nearest training images are looked for."""
COPY = 1 / 3
"""A sample nearer to one training image than this share of its distance to the second nearest is
a copy of it. Source: Yoon et al., "Diffusion Probabilistic Models Generalize when They Fail to
Memorize" (2023), section 3."""
SHOWN = 8


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    generator, classifier = bundled.load()
    oracle = bundled.load_predictor(bundled.ORACLE)
    evidence.settings = {"samples": SAMPLES, "seed": SEED, "truncation": 1.0, "finest": FINEST}
    w, images = _sample(generator)
    real, labels = (torch.from_numpy(array) for array in fashion_data.load("test"))
    _by_the_judge(evidence, images, real)
    _spectrum(evidence, images, real)
    _of_w(evidence, w, _classes(classifier, images))
    for name, predictor, least in (("classifier", classifier, 0.92), ("oracle", oracle, 0.91)):
        share = float((_classes(predictor, real) == labels.numpy()).mean())
        evidence.figure(f"{name}_accuracy", share, "share", at_least=least, n=len(labels))
    _neighbours(evidence, images)


@torch.inference_mode()
def _sample(generator: Generator) -> tuple[np.ndarray, Tensor]:
    """w [N, d] and images [N, 1, 28, 28], clamped."""
    z = torch.from_numpy(latents(SEED, 0, SAMPLES, generator.dimension(Space.Z)))
    w = in_fixed_batches(lambda rows: generator.convert(rows, Space.Z, Space.W), z)
    parts = [generator.synthesise(rows, Space.W) for rows in w.split(500)]
    return w.numpy(), torch.cat(parts).clamp(-1, 1)


@torch.inference_mode()
def _classes(predictor: Predictor, images: Tensor) -> np.ndarray:
    return np.concatenate([predictor.scores(x).argmax(1).numpy() for x in images.split(500)])


def _by_the_judge(evidence: Evidence, images: Tensor, real: Tensor) -> None:
    ruler = judge.load()
    (made, classes), (true, _) = ruler(images), ruler(real)
    distance = frechet_distance(made.numpy(), true.numpy())
    evidence.figure("frechet", distance, "judge's features", at_most=12, n=SAMPLES)
    shares = np.bincount(classes.numpy(), minlength=10) / len(classes)
    evidence.figure("class_share_min", shares.min(), "share", at_least=0.07, n=SAMPLES)
    evidence.figure("class_share_max", shares.max(), "share", at_most=0.13, n=SAMPLES)
    for name, share in zip(fashion_data.CLASSES, shares, strict=True):
        evidence.row(what="class share", name=name, value=float(share))
    chosen = [np.flatnonzero(classes.numpy() == k)[:10] for k in range(10)]
    rows = tuple(tuple(_pixels(images[i]) for i in row) for row in chosen)
    _draw("samples", Sheet(rows, fashion_data.CLASSES, ("",) * 10))


def _spectrum(evidence: Evidence, images: Tensor, real: Tensor) -> None:
    made, true = radial_power(images.numpy()), radial_power(real.numpy())
    for frequency, ratio in enumerate(made / true):
        evidence.row(what="radial power", name=str(frequency), value=float(ratio))
    ratio = made[-FINEST:].mean() / true[-FINEST:].mean()
    evidence.figure("nyquist_power_ratio", ratio, "ratio", at_least=0.9, at_most=1.1, n=SAMPLES)


def _of_w(evidence: Evidence, w: np.ndarray, classes: np.ndarray) -> None:
    """How well a linear classifier on w tells the class, on the fifth that it was not fitted to."""
    cut = len(w) * 4 // 5
    centre, spread = w[:cut].mean(0), w[:cut].std(0)
    points = (w - centre) / spread
    fitted = LogisticRegression(max_iter=2000).fit(points[:cut], classes[:cut])
    share = float(fitted.score(points[cut:], classes[cut:]))
    evidence.figure("w_linear_accuracy", share, "share", at_least=0.78, n=len(w) - cut)


def _neighbours(evidence: Evidence, images: Tensor) -> None:
    train = torch.from_numpy(fashion_data.load("train")[0])
    nearest, index = _nearest(images[:COMPARED].flatten(1), train.flatten(1))
    ratios = (nearest[:, 0] / nearest[:, 1]).numpy()
    for place, ratio in enumerate(ratios):
        evidence.row(what="nearest to second nearest", name=str(place), value=float(ratio))
    copies = float((ratios < COPY).mean())
    evidence.figure("memorised_share", copies, "share", at_most=0, n=COMPARED)
    evidence.figure("nearest_ratio_min", float(ratios.min()), "ratio", n=COMPARED)
    suspects = np.argsort(ratios, kind="stable")[:SHOWN]
    rows = tuple(
        (_pixels(images[i]), *(_pixels(train[j]) for j in index[i])) for i in suspects.tolist()
    )
    labels = tuple(f"{ratios[i]:.2f}" for i in suspects)
    _draw("neighbours", Sheet(rows, labels, ("sample", "nearest", "second", "third")))


def _nearest(samples: Tensor, train: Tensor) -> tuple[Tensor, Tensor]:
    """Distances and places [n, 3] of the nearest rows."""
    found = [torch.cdist(chunk, train).topk(3, largest=False) for chunk in samples.split(100)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def _pixels(image: Tensor) -> np.ndarray:
    """uint8 [H, W, 1] of an image [1, H, W] in [-1, 1]."""
    return ((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()


def _draw(name: str, sheet: Sheet) -> None:
    folder: Path = FOLDER / "fashion_quality"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(sheet.png())
