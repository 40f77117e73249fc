"""What our methods cost beside the published procedures and beside torch.func in chunks.

Every speed-up is a ratio of one run: rivals take turns, medians of the process's own seconds, one
thread, and equal results are checked in the same run. docs/costs.md says who the rivals are.
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

import numpy as np
import torch

from directrix.correction import Reader, invert, restore
from directrix.discovery import Problem
from directrix.generators.style import StyleGenerator
from directrix.jacobians import CHUNK
from directrix.methods.dplase import DpLaSE, DpLaseParams
from directrix.methods.ice import IceParams, _Fit
from directrix.methods.intervention import InterventionParams, SequentialIntervention
from directrix.population import coordinate_deviation
from directrix.rendering.near_scoring import NearScoring
from directrix.types import Space
from tests.benchmarks import bundled
from tests.benchmarks.cost_clock import CountedGenerator, CountedPredictor, race
from tests.benchmarks.cost_ice import Rivals, relative_errors
from tests.benchmarks.cost_memory import peak_mb
from tests.benchmarks.cost_sweep import Sweep, same_ranking
from tests.benchmarks.evidence import Evidence

GENERATOR = "avatar-generator-r00"
TASKS, TURNS = ("eye_boundary", "face_boundary"), 3
"""Released tasks of ICE in S: with a wide criterion, and with narrow ones alone."""
DELTAS, LATENTS, TOP = (-3.0, 3.0), 4, 8
EVERY = 24
"""Of the coordinates of S, the rivals that are slow are given every so manyth."""
RESTORED, STEPS, RESTORATIONS, PULL = 16, 30, 2, 0.01
MEMORY = {"ice": (2, 16), "intervention": (4, 32)}
TRAINED = 10
"""Training steps of DP-LaSE."""


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {
        "seconds": "of the process, medians of turns",
        "turns": TURNS,
        "tasks": TASKS,
        "chunk": CHUNK,
        "deltas": DELTAS,
        "latents": LATENTS,
        "restored": RESTORED,
        "steps": STEPS,
        "restorations": RESTORATIONS,
    }
    for part in (ice, intervention, sc2gan, dplase, memory):
        part(evidence)
        evidence.write()


# ---- ICE


def ice(evidence: Evidence) -> None:
    sums: dict[str, float] = {}
    worst: dict[str, float] = {}
    for task in TASKS:
        seconds, errors = _ice(evidence, "tasks", IceParams(task=task, space="s"), TURNS)
        sums = {name: sums.get(name, 0.0) + s for name, s in seconds.items()}
        worst |= {name: max(worst.get(name, 0.0), e) for name, e in errors.items()}
    for name, least in (("published", 5.0), ("torch_func", 1.5)):
        ratio, n = sums[name] / sums["ours"], TURNS * len(TASKS)
        short = name.replace("_", "")
        evidence.figure(f"ice_speedup_{short}", ratio, "ratio", at_least=least, n=n)
        evidence.figure(f"ice_error_{short}", worst[name], "relative", at_most=1e-4, n=len(TASKS))
    # Differences over steps of 1e-4 in float32 lose digits: that way is not exact itself.
    evidence.figure("ice_error_published_approx", worst["approx"], "relative", n=len(TASKS))
    for codes in (1, 2, 4):
        _ice(evidence, "samples", IceParams(space="w"), 1, codes)
    for space in ("w", "w+", "s"):
        _ice(evidence, "dimensions", IceParams(space=space, wanted=("score",)), TURNS)
    for side in (4, 8, 16, 32):
        _ice(evidence, "outputs", IceParams(space="w", side=side), TURNS)


def _ice(
    evidence: Evidence, curve: str, params: IceParams, turns: int, codes: int = 1
) -> tuple[dict[str, float], dict[str, float]]:
    """(median seconds, relative errors) of the Gram matrices at some latents."""
    problem = _problem("avatar-segmenter", "avatar-regressor")
    fit = _Fit(params, problem)
    probe, rivals = fit.probe, Rivals(fit.probe)
    points = [fit.chart.point(i, np.zeros(len(fit.chart.tangents))) for i in range(codes)]
    ways = {"ours": probe.grams, "published": rivals.published, "torch_func": rivals.torch_func}
    calls: dict[str, int] = {}

    def every(name: str) -> np.ndarray:
        generator = cast(CountedGenerator, problem.generator)
        generator.calls = 0
        found = sum(ways[name](point) for point in points)
        calls[name] = generator.calls
        return found

    seconds, found = race({name: partial(every, name) for name in ways}, turns)
    _, outputs = rivals.measures(points[0])
    wide = [n > len(probe.tangents) for n in outputs]
    errors = _errors({name: cast(np.ndarray, grams) for name, grams in found.items()}, wide)
    passes = sum(min(n, points[0].numel()) for n in outputs) * codes
    evidence.row(
        part="ice",
        curve=curve,
        task=params.task,
        space=params.space,
        codes=codes,
        dimensions=len(probe.tangents),
        outputs=outputs,
        seconds=seconds,
        generator_calls=calls,
        published_backward_passes=passes,
        errors=errors,
    )
    print(f"    ice {curve} {params.task} {params.space} {outputs}: {_told(seconds)}", flush=True)
    return seconds, errors


def _errors(grams: Mapping[str, np.ndarray], wide: Sequence[bool]) -> dict[str, float]:
    """The rivals' largest relative differences from ours, the published ones way by way."""
    off = {name: relative_errors(each, grams["ours"]) for name, each in grams.items()}
    approx = off["published"][list(wide)] if any(wide) else np.zeros(1)
    direct = off["published"][[not w for w in wide]] if not all(wide) else np.zeros(1)
    return {
        "published": float(direct.max()),
        "approx": float(approx.max()),
        "torch_func": float(off["torch_func"].max()),
    }


# ---- intervention


def intervention(evidence: Evidence) -> None:
    ratios = {}
    for space, every in ((Space.S, EVERY), (Space.W, 4)):
        ratios[space] = _intervention(evidence, space, every, TURNS, LATENTS)
    own, default = ratios[Space.S], ratios[Space.W]
    for place, (name, least) in enumerate((("published", 5.0), ("torchfunc", 1.5))):
        evidence.figure(
            f"intervention_speedup_{name}", own[place], "ratio", at_least=least, n=TURNS
        )
        evidence.figure(f"intervention_speedup_{name}_w", default[place], "ratio", n=TURNS)
    evidence.figure("intervention_error", max(own[2], default[2]), "relative", at_most=1e-2, n=2)
    evidence.figure("intervention_top_shared", min(own[3], default[3]), "share", at_least=0.95, n=2)
    for latents in (8, 16):
        _intervention(evidence, Space.W, 16, 1, latents)


def _intervention(
    evidence: Evidence, space: Space, every: int, turns: int, latents: int
) -> tuple[float, float, float, float]:
    """(over the published, over torch.func, error, ranking shared), seconds a picture compared."""
    generator = CountedGenerator.of(cast(StyleGenerator, bundled.load_generator(GENERATOR)))
    reader = CountedPredictor(bundled.load_predictor("avatar-regressor"))
    problem = Problem(generator, (reader.card,), score=NearScoring(generator, [reader]))
    dimension = generator.dimension(space)
    method = SequentialIntervention(
        InterventionParams(space=space.value, samples=latents, deltas=DELTAS)
    )
    points = problem.sample(problem.seed, 0, latents, space)
    spread = coordinate_deviation(generator, space)
    sweep = Sweep(generator, reader, space, points, spread, DELTAS)
    few = np.arange(0, dimension, every)
    calls: dict[str, tuple[int, int]] = {}

    def counted(name: str, go: object) -> object:
        generator.calls = reader.calls = 0
        result = go()  # type: ignore[operator]
        calls[name] = generator.calls, reader.calls
        return result

    runs = {
        "ours": lambda: method.analyse(problem).importance,
        "published": lambda: sweep.published(few),
        "torch_func": lambda: sweep.torch_func(few, CHUNK),
    }
    seconds, found = race({n: partial(counted, n, go) for n, go in runs.items()}, turns)
    pictures = {"ours": dimension, "published": len(few), "torch_func": len(few)}
    each = {n: s / (pictures[n] * len(DELTAS) * latents) for n, s in seconds.items()}
    mine = cast(np.ndarray, found["ours"])[few]
    theirs = cast(np.ndarray, found["published"])
    error = float(np.abs(mine - theirs).max() / np.abs(theirs).max())
    shared = same_ranking(mine, theirs, min(TOP, len(few) // 2))
    evidence.row(
        part="intervention",
        space=space,
        dimensions=dimension,
        latents=latents,
        coordinates=pictures,
        seconds=seconds,
        seconds_a_picture=each,
        calls=calls,
        error=error,
    )
    print(f"    intervention {space} {latents}: {_told(each)} a picture", flush=True)
    return each["published"] / each["ours"], each["torch_func"] / each["ours"], error, shared


# ---- SC2GAN


def sc2gan(evidence: Evidence) -> None:
    """Inversion in W and restoration, of all samples at once and one by one."""
    problem = _problem("avatar-regressor")
    generator = problem.generator
    reader = Reader(generator, problem.networks, Space.W)
    editor = Reader(generator, problem.networks, Space.W_PLUS)
    codes = problem.sample(1, 0, RESTORED, Space.W)
    spread = float(np.sqrt(problem.sample(2, 0, 512, Space.W).var(0).mean()))
    layers = generator.num_layers(Space.W_PLUS)
    edited = np.repeat(codes[:, None], layers, 1)
    edited[:, 2:5] += spread * problem.sample(3, 0, RESTORED, Space.W)[:, None]
    deviations = reader.scores(problem.sample(2, 0, 128, Space.W)).std(0)
    wanted = reader.scores(codes)

    def brought_back(rows: slice) -> np.ndarray:
        mean, whole = edited[rows].mean(1), edited[rows]

        def pictures(chosen: slice) -> torch.Tensor:
            with torch.no_grad():
                return editor.images(editor.tensor(whole[chosen]))

        found = invert(reader, mean, pictures, spread, STEPS, PULL, _nothing)
        settings = (wanted[rows], deviations, spread, RESTORATIONS, PULL, _nothing)
        return restore(reader, found, *settings)

    def one_by_one() -> np.ndarray:
        return np.concatenate([brought_back(slice(i, i + 1)) for i in range(RESTORED)])

    ways = {"ours": lambda: brought_back(slice(None)), "serial": one_by_one}
    calls: dict[str, int] = {}

    def counted(name: str) -> np.ndarray:
        counter = cast(CountedGenerator, generator)
        counter.calls = 0
        found = ways[name]()
        calls[name] = counter.calls
        return found

    seconds, found = race({name: partial(counted, name) for name in ways}, TURNS)
    left = {
        name: float(np.abs((reader.scores(cast(np.ndarray, c)) - wanted) / deviations).mean())
        for name, c in found.items()
    }
    evidence.row(part="sc2gan", seconds=seconds, generator_calls=calls, scores_left_sd=left)
    ratio = seconds["serial"] / seconds["ours"]
    evidence.figure("sc2gan_speedup", ratio, "ratio", at_least=2, n=TURNS)
    worse = left["ours"] / left["serial"]
    evidence.figure("sc2gan_error_to_serial", worse, "ratio", at_most=1.01, n=RESTORED)


# ---- DP-LaSE


def dplase(evidence: Evidence) -> None:
    problem = _problem()
    began = time.process_time()
    DpLaSE(DpLaseParams(space="w", steps=TRAINED)).fit(problem)
    seconds = time.process_time() - began
    calls = cast(CountedGenerator, problem.generator).calls
    evidence.figure("dplase_seconds", seconds, "s", n=TRAINED)
    evidence.figure("dplase_generator_calls", calls, "calls", n=TRAINED)


# ---- memory


def memory(evidence: Evidence) -> None:
    for method, (few, many) in MEMORY.items():
        small, large = peak_mb(method, few), peak_mb(method, many)
        evidence.row(part="memory", method=method, samples=(few, many), peak_mb=(small, large))
        evidence.figure(f"{method}_memory_growth", large / small, "ratio", at_most=1.1, n=many)


def _problem(*readers: str) -> Problem:
    generator = CountedGenerator.of(cast(StyleGenerator, bundled.load_generator(GENERATOR)))
    networks = tuple(bundled.load_predictor(name) for name in readers)
    return Problem(generator, tuple(n.card for n in networks), networks=networks)


def _nothing() -> None:
    """Nobody is told."""


def _told(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {s:.4g} s" for name, s in seconds.items())
