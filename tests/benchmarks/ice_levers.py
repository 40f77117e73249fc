"""The released subspaces on avatars: what each looks like, and how far it alone moves a classifier.

Each subspace is searched for a move that turns the classifier's answer: coefficients in SD, by
gradient ascent on the margin of the wanted class, at most REACH SD away, stopped once the class has
the probability STOP. The classifier's answer is what the method optimises; the oracle, another
network for the same classes, says how much of it is real.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.client.sheets import Sheet
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.methods.ice import Ice, IceParams
from directrix.population import latents
from directrix.predictors import Predictor
from directrix.scorecard import held_out_seed
from directrix.types import FindingSet, Space, Subspace
from tests.benchmarks import bundled
from tests.benchmarks.ice_ratios import pictures

TASKS = (
    "face_boundary",
    "eye_boundary",
    "mouth_shape",
    "lip_colour",
    "face_colour",
    "eye_photometry",
    "hair_photometry",
    "identity_ablation",
)
SPACE, CODES = "s", 2
AVATARS, ITERATIONS, RATE, REACH, STOP = 24, 30, 0.5, 12.0, 0.9
WANTED = "age_lines"
SHOWN, ALPHAS = 4, (-8.0, -4.0, 0.0, 4.0, 8.0)


@dataclass(frozen=True)
class Lever:
    """Mean probabilities of the wanted class, and the share of avatars whose answer turns."""

    task: str
    dimensions: int
    before: float
    after: float
    turned: float
    oracle_after: float
    oracle_turned: float


def subspaces() -> dict[str, tuple[FindingSet, Subspace]]:
    """Task -> what ICE finds, in the avatars' S."""
    generator = bundled.load_generator("avatar-generator-r00")
    names = ("avatar-segmenter", "avatar-regressor")
    networks = tuple(bundled.load_predictor(name) for name in names)
    cards = tuple(network.card for network in networks)
    problem = Problem(generator, cards, networks=networks, seed=0)
    found = {}
    for task in TASKS:
        settings = {"task": task, "space": SPACE, "codes": CODES, "metric": "population"}
        findings = Ice(IceParams(**settings)).fit(problem)
        (subspace,) = findings.findings
        assert isinstance(subspace, Subspace)
        found[task] = findings, subspace
    return found


def levers(found: dict[str, tuple[FindingSet, Subspace]]) -> list[Lever]:
    """Every subspace on the same held-out avatars that the classifier calls plain."""
    generator = bundled.load_generator("avatar-generator-r00")
    classifier, oracle = (bundled.load_predictor(f"avatar-{n}") for n in ("classifier", "oracle"))
    points = _plain(generator, classifier)
    place = classifier.scorers.index(WANTED)

    def chances(network: Predictor, rows: Tensor) -> np.ndarray:
        with torch.inference_mode():
            images = pictures(generator, rows, Space(SPACE))
            return network.scores(images).softmax(1)[:, place].numpy()

    before = chances(classifier, points)
    told = []
    for task, (_, subspace) in found.items():
        moved = _search(generator, classifier, place, points, subspace)
        after, seen = chances(classifier, moved), chances(oracle, moved)
        told.append(
            Lever(
                task,
                len(subspace.basis),
                float(before.mean()),
                float(after.mean()),
                float((after > 0.5).mean()),
                float(seen.mean()),
                float((seen > 0.5).mean()),
            )
        )
    return told


def _plain(generator: Generator, classifier: Predictor) -> Tensor:
    z = torch.from_numpy(latents(held_out_seed(0), 0, 6 * AVATARS, generator.dimension(Space.Z)))
    with torch.inference_mode():
        w = generator.convert(z, Space.Z, Space(SPACE))
        answers = classifier.scores(pictures(generator, w, Space(SPACE))).argmax(1)
    return w[answers == classifier.scorers.index("plain")][:AVATARS].clone()


def _search(
    generator: Generator, classifier: Predictor, place: int, points: Tensor, subspace: Subspace
) -> Tensor:
    """Moved points: Adam on coefficients in SD, each avatar stopped by itself."""
    basis = torch.tensor(subspace.basis * subspace.scales[:, None])
    best = torch.zeros(len(points), len(basis))
    coefficients = best.clone().requires_grad_()
    optimiser = torch.optim.Adam([coefficients], RATE)
    running = torch.ones(len(points), dtype=torch.bool)
    for _ in range(ITERATIONS):
        images = generator.synthesise(points + coefficients @ basis, Space(SPACE)).clamp(-1, 1)
        scores = classifier.scores(images)
        best[running] = coefficients.detach()[running]
        running &= scores.detach().softmax(1)[:, place] < STOP
        if not running.any():
            break
        others = torch.cat([scores[:, :place], scores[:, place + 1 :]], 1)
        margin = scores[:, place] - torch.logsumexp(others, 1)
        loss = -(margin * running).sum() + 1e-3 * coefficients.square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            length = coefficients.norm(dim=1, keepdim=True)
            coefficients *= (REACH / length.clamp_min(1e-9)).clamp(max=1)
    best[running] = coefficients.detach()[running]
    return points + best @ basis


def sheet(found: dict[str, tuple[FindingSet, Subspace]], tasks: Sequence[str] = TASKS) -> bytes:
    """A PNG: one avatar, a row a task, moved along the first direction of its subspace."""
    generator = bundled.load_generator("avatar-generator-r00")
    z = torch.from_numpy(latents(held_out_seed(0), SHOWN, 1, generator.dimension(Space.Z)))
    with torch.inference_mode():
        w = generator.convert(z, Space.Z, Space(SPACE))
    rows = []
    for task in tasks:
        _, subspace = found[task]
        step = torch.tensor(subspace.basis[0] * subspace.scales[0])
        images = pictures(generator, torch.cat([w + a * step for a in ALPHAS]), Space(SPACE))
        pixels = ((images + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
        rows.append(tuple(pixels))
    labels = tuple(task.replace("_", " ") for task in tasks)
    return Sheet(tuple(rows), labels, tuple(f"{a:+g}" if a else "as it is" for a in ALPHAS)).png(2)
