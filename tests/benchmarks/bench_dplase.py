"""DP-LaSE against SeFa, both along norm-preserving walks, on generators that do not normalise z.

Twenty directions of each method. DP-LaSE is trained on the features of the middle layer, SeFa knows
the first one; both are compared on the next layer and on latents that were not seen, where
every picture has changed by the same amount. Channel subspaces: attribute dependency where the
target has changed by 1 SD, within the channels of a scorer, without them, and within random
channels of the same number and layer, each over the latents at which both arrive. Learned
densities: what a walk loses on priors that are known.
"""

import time
from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Laplace, TransformedDistribution, Uniform
from torch.distributions.transforms import AffineTransform, SigmoidTransform

from directrix.archive import finding_set_digest
from directrix.densities import LevelSet, Step, fit_cdf, fit_correction, linear, norm_preserving
from directrix.discovery import Problem
from directrix.methods.dplase import DpLaSE, DpLaseParams
from directrix.methods.sefa import SeFa, SefaParams
from directrix.metrics import frechet_distance
from directrix.rendering import Renderer
from directrix.scorecard import NONE, ScorecardPlan
from directrix.types import SHARD, Direction, FindingSet, Form, Recipe, Space
from tests.benchmarks import channel_edits, dcgan_worlds
from tests.benchmarks.dcgan_worlds import Walked
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.journal import Journal
from tests.benchmarks.matched_features import Matched

COUNT, SEED = 20, 1
LEVELS = (0.4, 0.7, 1.0)
"""Changes of features that are compared, in the channels' SD; two samples differ by 1.4."""
HELD_OUT = 2**61 + 9
RANDOM = 48
"""Random directions of the scorecard that names."""
DIMENSION, STRIDE, PRIOR = 64, 6.0, 4096
"""Of the known priors: coordinates, stride in SD, samples to learn from."""


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    worlds = [dcgan_worlds.clothes(), dcgan_worlds.avatars(), dcgan_worlds.faces()]
    known = [world for world in worlds if world is not None]
    evidence.settings = {
        "components": COUNT,
        "levels": LEVELS,
        "worlds": [world.name for world in known],
    }
    against_sefa(evidence, known)
    channels(evidence, [known[1]])  # avatars, whose factors are independent of one another
    densities(evidence)


def against_sefa(evidence: Evidence, worlds: Sequence[Walked]) -> None:
    frechet, cosine, named = [], [], []
    for world in worlds:
        began = time.process_time()
        trained = DpLaSE(DpLaseParams(components=COUNT, steps=world.steps)).fit(_problem(world))
        evidence.row(world=world.name, fit_cpu_seconds=time.process_time() - began)
        sets = {"dplase": trained, "sefa": SeFa(SefaParams(components=COUNT)).fit(_problem(world))}
        told = {name: _compare(evidence, world, name, found) for name, found in sets.items()}
        ratios = told["dplase"] / told["sefa"]
        frechet.append(ratios[0].mean())
        cosine.append(ratios[1].mean())
        named.append(_named(evidence, world, sets))
    n = len(worlds)
    evidence.figure("frechet_ratio_to_sefa", float(np.mean(frechet)), "ratio", at_most=1, n=n)
    evidence.figure("feature_cosine_ratio_to_sefa", float(np.mean(cosine)), "ratio", at_most=1, n=n)
    dplase, sefa = np.mean(named, 0)
    evidence.figure("named_per_20", dplase, "findings", at_least=sefa + 1 / n, n=n)
    evidence.figure("named_per_20_sefa", sefa, "findings", n=n)


def _problem(world: Walked) -> Problem:
    return Problem(world.generator, seed=SEED)


def _compare(evidence: Evidence, world: Walked, name: str, found: FindingSet) -> np.ndarray:
    """[2, levels]: Frechet distance to unedited pictures, mean |cosine| between changes."""
    layers = [card.name for card in world.generator.card.layers]
    seen = {layers[0], layers[(len(layers) - 1) // 2]}
    unseen = next(layer for layer in layers if layer not in seen)
    matched = Matched(world.generator, [unseen], LEVELS)
    directions = vectors(found)
    starts = matched.draw(HELD_OUT, world.compared)
    places, reached = matched.walk(starts, _turns(directions, world.compared))
    unedited = _described(world, matched.draw(HELD_OUT + 1, world.compared))
    frechet = np.array([frechet_distance(_described(world, rows), unedited) for rows in places])
    cosines = matched.cosines(starts[: world.paired], directions)
    for i, level in enumerate(LEVELS):
        evidence.row(
            world=world.name,
            method=name,
            change=level,
            frechet=float(frechet[i]),
            cosine=float(cosines[i]),
            reached=float(reached[i].float().mean()),
        )
    return np.stack([frechet, cosines])


def vectors(found: FindingSet) -> Tensor:
    """The directions [k, d] of a set."""
    rows = [finding.vector for finding in found.findings if isinstance(finding, Direction)]
    return torch.from_numpy(np.stack(rows))


def _turns(directions: Tensor, count: int) -> Tensor:
    """Every direction in turn, there and back: [count, d]."""
    place = torch.arange(count)
    sign = 1.0 - 2.0 * (place // len(directions) % 2)
    return directions[place % len(directions)] * sign[:, None]


@torch.no_grad()
def _described(world: Walked, latents: Tensor) -> np.ndarray:
    parts = [world.generator.synthesise(rows, Space.Z).clamp(-1, 1) for rows in latents.split(64)]
    return torch.cat([world.describe(part) for part in parts]).numpy()


def _named(evidence: Evidence, world: Walked, sets: dict[str, FindingSet]) -> tuple[int, int]:
    """How many of each method's findings a scorecard names; its random floor is the same."""
    counts, floor = [], None
    judges = tuple(judge.card for judge in world.judges[:1])
    for name, found in sets.items():
        plan = ScorecardPlan(
            found, world.generator.card, judges, SEED, world.named_on, (-3.0, 0.0, 3.0), RANDOM
        )
        known = {finding_set_digest(each): each for each in (found, plan.random_set())}
        renderer = Renderer(world.generator, world.judges[:1], known.__getitem__)
        shards = range(plan.shards) if floor is None else range(1 + COUNT)
        scores = [_scores(renderer, plan.recipes(shard)) for shard in shards]
        if floor is None:
            floor, spread = scores[1 + COUNT :], _spread(plan, renderer)
        card = plan.measure(spread, scores[: 1 + COUNT] + floor)
        targets = [score.target for score in card.findings if score.target != NONE]
        evidence.row(world=world.name, method=name, named=targets, floor=card.random_floor_sd)
        counts.append(len(targets))
    return counts[0], counts[1]


def _scores(renderer: Renderer, recipes: Sequence[Recipe]) -> np.ndarray:
    return renderer.render([renderer.plan(recipe) for recipe in recipes], Form.PREVIEW).scores


def _spread(plan: ScorecardPlan, renderer: Renderer) -> np.ndarray:
    spec = plan.deviation_spec
    return renderer.score(renderer.sample(spec.seed, 0, SHARD, Space.Z), Form.PREVIEW)


def channels(evidence: Evidence, worlds: Sequence[Walked]) -> None:
    """Side effects within channel subspaces, at the same effect."""
    journal = Journal(evidence.benchmark, channel_edits.row_key)
    found = (channel_edits.cuts(world, SEED, journal) for world in worlds)
    rows = list(chain.from_iterable(found))
    for row in rows:
        evidence.row(**row)
    cuts = [row["cut"] for row in rows if row["cut"] is not None]
    cut, n = float(np.median(cuts)) if cuts else 0.0, len(cuts)
    evidence.figure("mask_side_effect_cut", cut, "share", at_least=0.4, n=n)
    for kind in ("within", "whole", "random"):
        told = float(np.mean([row[f"{kind}_reached"] for row in rows])) if rows else 0.0
        evidence.figure(f"mask_arrived_{kind}", told, "share", n=len(rows))
    for kind in ("whole", "random"):
        known = [row[f"cut_{kind}"] for row in rows if row[f"cut_{kind}"] is not None]
        told = float(np.median(known)) if known else 0.0
        evidence.figure(f"mask_cut_{kind}", told, "share", n=len(known))
    evidence.figure("mask_censored", 1 - n / max(1, len(rows)), "share", n=len(rows))
    journal.close()


def densities(evidence: Evidence) -> None:
    """|change of the true log density|, in nats, of the walks that learned it."""
    for name, prior in _priors().items():
        samples, starts = _sample(prior, PRIOR, SEED), _sample(prior, 1000, SEED + 1)
        chance = torch.Generator().manual_seed(SEED)
        direction = torch.nn.functional.normalize(torch.randn(starts.shape, generator=chance))
        displacement = STRIDE * direction * starts.std()
        cdf = fit_cdf(samples, SEED)
        steps: dict[str, Step] = {
            "": LevelSet(cdf),
            "_linear": linear,
            "_norm": norm_preserving,
            "_corrected": fit_correction(cdf, samples, STRIDE, SEED),
        }
        for kind, step in steps.items():
            moved = step(starts, displacement)
            lost = (prior.log_prob(moved) - prior.log_prob(starts)).sum(1).abs().mean()
            bounds = {"": {"at_most": 1.0}, "_linear": {"at_least": 10.0}}.get(kind, {})
            evidence.figure(f"logp_change_{name}{kind}", float(lost), "nats", n=1000, **bounds)


def _priors() -> dict[str, torch.distributions.Distribution]:
    turned = [SigmoidTransform().inv, AffineTransform(0.0, 1.0)]
    logistic = TransformedDistribution(Uniform(0.0, 1.0), turned)
    return {"laplace": Laplace(0.0, 1.0), "logistic": logistic}


def _sample(prior: torch.distributions.Distribution, count: int, seed: int) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return prior.sample((count, DIMENSION))
