"""Faces: what methods find in a generator of faces, measured, and seen by a second evaluator.

5 000 samples teach, 1 000 others measure. Effects are mean changes from alpha = -3 to +3 in SD of
the population, over the faces whose landmarks can be believed at both ends. The second evaluator is
made of networks that no method has seen, in Node; where three quarters of the faces cannot be read
at both ends, sizes are compared over a shorter stretch (`second_opinion`). Filmstrips go to
build/bench/faces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from directrix.methods.interfacegan import InterFaceGan
from directrix.methods.sefa import SeFa
from directrix.metrics import random_like
from directrix.predictors.face_landmarks import TRUST
from directrix.scorecard import NONE, ScorecardPlan, held_out_seed
from directrix.types import SHARD, FindingRef, FindingSet, Population, Provenance, Scorecard
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.face_sheets import draw_sheets
from tests.benchmarks.second_evaluator import SecondEvaluator
from tests.benchmarks.second_opinion import Common, Stretch, widest
from tests.integration.faces.files import KEPT
from tests.integration.faces.port import port_errors
from tests.integration.faces.world import FaceWorld, Shown

SAMPLES, HELD_OUT, SEED, REACH = 5_000, 1_000, 0, 3.0
GRID = (-REACH, -1.5, 0.0, 1.5, REACH)
RANDOM, RANDOM_SAMPLES = 20, 200
JUDGED, SPREAD = 200, 400
"""Held-out samples that the second evaluator sees moved, and samples that give its own SDs."""
FRACTION = 0.5
"""Of the population at each end: chosen on samples of a seed that is used nowhere here."""
SUPERVISED = ("yaw", "pitch", "smile", "mouth-open", "male", "age")
HELD = ("yaw", "smile")
QUICK, SLOW = ("facemesh", "emotion"), ("male", "age")
COUNTERPARTS = ("yaw", "pitch", "smile", "mouth-width", "mouth-open", "happy", *SLOW)
"""What both evaluators have a word for."""
UNSIZED = ("age",)
"""Effects that are told, but not asked to agree in size: the two networks' ages correlate by .41 on
unmoved faces, so noise alone can make any ratio from .41 to 2.5. SeFa's components are all asked.
"""


@dataclass(frozen=True, eq=False)
class Effect:
    """A finding moved from one end to the other; changes [n, K] in SD, believable at both ends.

    sign: -1 where low is the end of the positive alphas.
    """

    name: str
    target: str
    ref: FindingRef
    sign: int
    low: Shown
    high: Shown
    changes: np.ndarray
    believable: np.ndarray

    def of(self, column: int, first: int | None = None) -> float:
        """The mean change of one score, over all samples or the first few."""
        return float(self.changes[:first][self.believable[:first], column].mean())


@dataclass(frozen=True, eq=False)
class Bench:
    """What everything below needs."""

    evidence: Evidence
    world: FaceWorld
    population: Population
    deviations: np.ndarray

    def effect(self, name: str, target: str, ref: FindingRef, count: int = 0) -> Effect:
        samples, seed = range(count or HELD_OUT), held_out_seed(SEED)
        low, high = (self.world.show(seed, samples, ref, a) for a in (-REACH, REACH))
        changes = (high.scores.astype(np.float64) - low.scores) / self.deviations
        kept = low.believable & high.believable
        return Effect(name, target, ref, 1, low, high, changes, kept)

    def stretch(self, effect: Effect) -> Stretch:
        """The widest one over which most of the judged faces can be believed."""
        seed, known = held_out_seed(SEED), self.whole(effect).by_alpha()

        def show(alpha: float) -> Shown:
            if alpha not in known:
                alpha_of = effect.sign * alpha
                known[alpha] = self.world.show(seed, range(JUDGED), effect.ref, alpha_of)
            return known[alpha]

        return widest(show, GRID)

    def whole(self, effect: Effect) -> Stretch:
        """From end to end: the faces that the second evaluator sees."""
        return Stretch(-REACH, REACH, effect.low.first(JUDGED), effect.high.first(JUDGED))

    def told(self, effect: Effect) -> float:
        """Keeps the rows of an effect; its size on its own target."""
        for column, label in enumerate(self.world.labels):
            value = effect.of(column)
            self.evidence.row(what="effect", finding=effect.name, attribute=label, value=value)
        return effect.of(self.world.column(effect.target))


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {"samples": SAMPLES, "held_out": HELD_OUT, "seed": SEED, "reach": REACH}
    evidence.settings |= {"fraction": FRACTION, "judged": JUDGED, "spread": SPREAD}
    _port(evidence)
    world = FaceWorld()
    population = world.population(SEED, SAMPLES)
    scores = np.concatenate(list(population.scores.values()), 1).astype(np.float64)
    believable = float(np.isfinite(scores[:, 0]).mean())
    evidence.figure("believable_share", believable, "share", at_least=0.8, n=SAMPLES)
    bench = Bench(evidence, world, population, np.nanstd(scores, 0))
    sefa, found, conditional = _findings(bench)
    effects = _effects(bench, sefa, found, conditional)
    _random(bench, found)
    card = _scorecard(bench, sefa)
    _second_opinion(bench, effects, _named(bench, sefa, card))
    draw_sheets(world, found, conditional, SUPERVISED)


def _port(evidence: Evidence) -> None:
    errors = port_errors(2)
    for name, error in errors.items():
        evidence.row(what="port error", output=name, value=error)
    evidence.figure("port_error_max", max(errors.values()), "output's unit", at_most=1e-4, n=4)


def _findings(bench: Bench) -> tuple[FindingSet, FindingSet, FindingSet]:
    """SeFa's components; supervised directions; gender's without those of yaw and smile."""
    problem = bench.world.problem(bench.population, SEED)
    settings = {"fraction": FRACTION, "scorers": SUPERVISED}
    sefa = SeFa().fit(problem)
    found = InterFaceGan(InterFaceGan.Params(**settings)).fit(problem)
    settings |= {"scorers": ("male",), "conditions": HELD}
    conditional = InterFaceGan(InterFaceGan.Params(**settings)).fit(problem)
    bench.evidence.row(what="hint", finding="male-conditional", value=conditional.hints[0])
    cosines = np.stack([f.vector for f in found.findings]) @ _vectors(sefa).T
    for name, row in zip(SUPERVISED, cosines, strict=True):
        for component, cosine in enumerate(row):
            bench.evidence.row(
                what="cosine", finding=name, component=component, value=float(cosine)
            )
    best = float(np.abs(cosines[0]).max())
    bench.evidence.figure("sefa_yaw_cosine", best, "cosine", at_least=0.9, n=SAMPLES)
    pitch = float(np.abs(cosines[1]).max())
    bench.evidence.figure("sefa_pitch_cosine", pitch, "cosine", n=SAMPLES)
    return sefa, found, conditional


def _vectors(findings: FindingSet) -> np.ndarray:
    return np.stack([finding.vector for finding in findings.findings])


def _effects(
    bench: Bench, sefa: FindingSet, found: FindingSet, conditional: FindingSet
) -> list[Effect]:
    world, evidence = bench.world, bench.evidence
    bench.world.keep(sefa)
    refs = world.keep(found)
    effects = [bench.effect(n, n, ref) for n, ref in zip(SUPERVISED, refs, strict=True)]
    held = bench.effect("male-conditional", "male", world.keep(conditional)[0])
    sizes = {effect.name: bench.told(effect) for effect in [*effects, held]}
    for name, size in sizes.items():
        least = 2.5 if name == "smile" else None
        label = f"{name.replace('-', '_')}_effect_sd"
        evidence.figure(label, size, "SD", at_least=least, n=HELD_OUT)
    sides = {
        effect.name: max(abs(effect.of(world.column(label))) for label in HELD)
        for effect in (effects[SUPERVISED.index("male")], held)
    }
    evidence.figure("unconditional_side_effect_sd_max", sides["male"], "SD", n=HELD_OUT)
    side = sides["male-conditional"]
    evidence.figure("conditional_side_effect_sd_max", side, "SD", at_most=0.2, n=HELD_OUT)
    return [*effects, held]


def _random(bench: Bench, found: FindingSet) -> None:
    """What random directions do to the attribute they move most, from the unmoved face on.

    From one end to the other, as effects of findings are told, it is up to twice as much: where z
    has 100 coordinates and an attribute is linear in it, a random direction moves it by 0.6 SD,
    give or take, so among 20 directions and 20 attributes one of about 1.5 SD is expected.
    """
    seed = held_out_seed(SEED + 1)
    card = bench.world.generator.card
    findings = random_like(found.findings, card, seed, RANDOM)
    provenance = Provenance(method="random", version="1", seed=seed, generator=card.digest)
    unmoved = bench.world.show(held_out_seed(SEED), range(RANDOM_SAMPLES))
    measured = [k for k, label in enumerate(bench.world.labels) if label != TRUST]
    one_way, whole = [], []
    for place, ref in enumerate(bench.world.keep(FindingSet(findings, provenance))):
        effect = bench.effect(f"random {place}", "yaw", ref, RANDOM_SAMPLES)
        bench.told(effect)
        sure = effect.believable & unmoved.believable
        ends = np.stack([effect.low.scores, effect.high.scores]).astype(np.float64)
        moved = (ends - unmoved.scores)[:, sure].mean(1) / bench.deviations
        one_way.append(float(np.abs(moved[:, measured]).max()))
        whole.append(float(np.abs(effect.changes[effect.believable].mean(0))[measured].max()))
    evidence = bench.evidence
    evidence.figure("random_effect_sd_max", max(one_way), "SD", at_most=1, n=RANDOM)
    evidence.figure("random_end_to_end_sd_max", max(whole), "SD", n=RANDOM)
    evidence.figure("random_end_to_end_sd_typical", float(np.median(whole)), "SD", n=RANDOM)


def _scorecard(bench: Bench, sefa: FindingSet) -> Scorecard:
    """The card as a worker makes it."""
    world = bench.world
    cards = (world.landmarks.card, world.attributes.card)
    plan = ScorecardPlan(sefa, world.generator.card, cards, SEED)
    world.keep(plan.findings)
    world.keep(plan.random_set())
    renderer, spec = world.renderer, plan.deviation_spec
    spread = renderer.score(renderer.sample(spec.seed, 0, SHARD, world.generator.spaces[-1]))
    shards = [
        renderer.render([renderer.plan(recipe) for recipe in plan.recipes(shard)]).scores
        for shard in range(plan.shards)
    ]
    card = plan.measure(spread, shards)
    for score in card.findings:
        bench.evidence.row(
            what="named",
            component=score.index,
            target=score.target,
            effect=score.effect_sd,
            readable=score.readable,
        )
    named = sum(score.target != NONE for score in card.findings)
    bench.evidence.figure("sefa_named", named, "components", n=len(card.findings))
    bench.evidence.figure("random_floor_sd", card.random_floor_sd, "SD", n=card.random_findings)
    return card


def _named(bench: Bench, sefa: FindingSet, card: Scorecard) -> list[Effect]:
    """SeFa's components that the card names with a word of both evaluators, as it turns them."""
    effects = []
    for score, ref in zip(card.findings, bench.world.keep(sefa), strict=True):
        if score.target in COUNTERPARTS:
            name = f"sefa {score.index} {score.target}"
            effect = bench.effect(name, score.target, ref, JUDGED)
            low, high = (effect.low, effect.high)[:: score.sign]
            changes = score.sign * effect.changes
            sign, kept = score.sign, effect.believable
            effects.append(Effect(name, score.target, ref, sign, low, high, changes, kept))
    return effects


def _second_opinion(bench: Bench, effects: Sequence[Effect], named: Sequence[Effect]) -> None:
    """Signs and sizes by both, each in its own SD over the same unmoved faces.

    The ratio of the two sizes treats both alike. If nothing but noise in the readings kept the two
    apart it would lie between their correlation (all noise is the second's) and one divided by it.
    The calibrated ratio is the second's size beside what its regression on the first promises.
    """
    with SecondEvaluator(KEPT, QUICK) as quick, SecondEvaluator(KEPT) as thorough:
        common = _common(bench, thorough)
        for effect in [*effects, *named]:
            judge = thorough if effect.target in SLOW else quick
            _compare(bench, effect, judge, common)
    signs = [row["agree"] for row in bench.evidence.rows if row["what"] == "sign"]
    share = float(np.mean(signs))
    bench.evidence.figure(
        "second_evaluator_sign_agreement", share, "share", at_least=1, n=len(signs)
    )


def _common(bench: Bench, judge: SecondEvaluator) -> dict[str, Common]:
    """What both say of the same unmoved faces, by word."""
    base = bench.world.show(SEED, range(SPREAD))
    second = judge.scores(_images(base.images[base.believable]))
    first = base.scores[base.believable].astype(np.float64)
    found = {}
    for name, values in second.items():
        own = first[:, bench.world.column(name)]
        correlation = float(np.corrcoef(own, values)[0, 1])
        found[name] = Common(float(own.std()), float(values.std()), correlation)
        label = "second_evaluator_correlation_" + name.replace("-", "_")
        bench.evidence.figure(label, correlation, "correlation", n=len(values))
    return found


def _compare(
    bench: Bench, effect: Effect, judge: SecondEvaluator, common: dict[str, Common]
) -> None:
    evidence, told = bench.evidence, common[effect.target]
    whole, stretch = bench.whole(effect), bench.stretch(effect)
    ratio, agree = _ratio(bench, effect, whole, judge, common)
    evidence.row(what="sign", finding=effect.name, agree=agree)
    label = effect.name.replace(" ", "_").replace("-", "_")
    if stretch.ends != whole.ends:
        n = int(whole.believable.sum())
        evidence.figure(f"second_evaluator_whole_ratio_{label}", ratio, "ratio", n=n)
        ratio, agree = _ratio(bench, effect, stretch, judge, common)
        evidence.row(what="sign", finding=effect.name, agree=agree)
    n, bounds = int(stretch.believable.sum()), (0.75, 1.25)
    low, high = (None, None) if effect.name in UNSIZED else bounds
    name = f"second_evaluator_size_ratio_{label}"
    evidence.figure(name, ratio, "ratio", at_least=low, at_most=high, n=n)
    calibrated = ratio / told.correlation
    evidence.figure(f"second_evaluator_calibrated_ratio_{label}", calibrated, "ratio", n=n)


def _ratio(
    bench: Bench,
    effect: Effect,
    stretch: Stretch,
    judge: SecondEvaluator,
    common: dict[str, Common],
) -> tuple[float, bool]:
    """The second's size as a share of the first's, and whether the signs agree."""
    kept, target = stretch.believable, effect.target
    column, (start, end) = bench.world.column(target), stretch.ends
    low, high = (judge.scores(_images(each.images[kept])) for each in (stretch.low, stretch.high))
    second = {n: float((high[n] - low[n]).mean() / common[n].second) for n in high}
    moved = (stretch.high.scores.astype(np.float64) - stretch.low.scores)[kept, column]
    first = float(moved.mean() / common[target].first)
    says = {"finding": effect.name, "start": start, "end": end, "n": int(kept.sum())}
    bench.evidence.row(what="first effect", attribute=target, value=first, **says)
    for label, value in second.items():
        bench.evidence.row(what="second effect", attribute=label, value=value, **says)
    return second[target] / first, second[target] * first > 0


def _images(pixels: np.ndarray) -> np.ndarray:
    """uint8 [N, H, W, 3] -> [N, 3, H, W] in [-1, 1]."""
    return pixels.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
