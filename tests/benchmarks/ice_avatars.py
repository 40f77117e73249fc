"""Avatars, part by part: one factor moved and all others held, seen by the regressor's twin.

The regressor is differentiated by ICE, and labels InterFaceGAN's population; the twin judges alone.
Which of a rival's findings is the best for a factor is decided by the regressor on other samples,
which is how it would be used. How firmly ICE suppresses is decided there too, factor by factor, by
the regressor as it sees mirrored pictures: what follows its own errors looks perfect to itself,
less so to its mirror image.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from directrix.criterions import Scene, parse
from directrix.criterions.chart import Chart
from directrix.criterions.local_walk import LocalWalk
from directrix.criterions.probe import Probe
from directrix.criterions.score import _labels
from directrix.discovery import Problem
from directrix.errors import ConditionsCollinear
from directrix.methods.ice import IceParams
from directrix.methods.interfacegan import InterFaceGan, InterFaceGanParams
from directrix.methods.sefa import SeFa, SefaParams
from directrix.predictors import Predictor
from directrix.scorecard import held_out_seed
from directrix.types import Direction, FindingSet, Population, PopulationSpec, Space
from directrix.zoo.avatars.factors import NAMES
from tests.benchmarks import bundled, ice_slopes
from tests.benchmarks.ice_ratios import (
    Judge,
    Move,
    Ratios,
    along_move,
    along_paths,
    move_of,
    pictures,
)
from tests.benchmarks.ice_slopes import Slopes

GENERATOR = "avatar-generator-r00"
SEED, SAMPLES, HELD_OUT, RIVALS, TUNING, SPREAD = 0, 4000, 500, 100, 40, 1000
"""Rivals are shown the first of the held-out avatars."""
PARTS = {
    "face": ("head_width", "skin_colour"),
    "hair": ("hair_length", "hair_colour"),
    "eyes": ("eye_openness", "eye_colour"),
    "mouth": ("smile", "mouth_openness", "lip_colour"),
}
TARGETS = tuple(factor for factors in PARTS.values() for factor in factors)
ALPHAS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
SPACE, CODES, RATIOS, CHOOSING = "s", 2048, (3e-4, 1e-3, 3e-3), 160
"""The regressor chose the space on the latents on which rivals are chosen; the metric by its slopes
at latents of the fit's own seed that a trial fit left out. The mirrored regressor chooses among the
ratios on the first CHOOSING of the former."""
MIRRORED = ("yaw", "light")
"""Factors that a mirror turns round."""
PIXELS = (1e-2, 1e-3)
"""Ratios of the pixels around a target's part, at half the side and a pixel away from it."""
OUTLINED = ("hair", "eyes", "mouth")
"""Parts that the segmenter tells."""
SETTINGS = IceParams(
    space=SPACE, form="soft", weighing="alike", components=1, side=16, margin=1 / 32
)
STEP, STEPS, LOCAL_RATIO = 0.6, 7, 1e-3


@dataclass(frozen=True, eq=False)
class Avatars:
    """Generator, the regressor that methods use, and the twin that judges."""

    seed: int = SEED

    @cached_property
    def generator(self):
        return bundled.load_generator(GENERATOR)

    @cached_property
    def regressor(self) -> Predictor:
        return bundled.load_predictor("avatar-regressor")

    @cached_property
    def judge(self) -> Judge:
        return self._judge(bundled.load_predictor("avatar-regressor-twin"))

    @cached_property
    def own(self) -> Judge:
        """The regressor itself, for choices."""
        return self._judge(self.regressor)

    @cached_property
    def mirrored(self) -> Judge:
        """The regressor before a mirror, for how firmly to suppress."""
        turned = np.where(np.isin(self.regressor.scorers, MIRRORED), -1.0, 1.0)
        read = self.own.read
        return Judge.of(
            self.own.names, lambda images: read(images.flip(-1)) * turned, self._unmoved
        )

    @cached_property
    def problem(self) -> Problem:
        return Problem(
            self.generator, (self.regressor.card,), networks=(self.regressor,), seed=self.seed
        )

    def points(self, space: Space, count: int = HELD_OUT, shift: int = 0) -> Tensor:
        """Held-out latents; another shift is another population."""
        seed = held_out_seed(self.seed + shift)
        return torch.from_numpy(self.problem.sample(seed, 0, count, space))

    def ice(self, target: str) -> Move:
        """The first direction, with the best of the ratios: of scores, then of pixels.

        The mirror chooses them among fits that have not seen one; then a fit sees both.
        """
        points = self.points(Space(SPACE), CHOOSING, shift=2)

        def usefulness(ratio: float, pixels: float) -> float:
            move = self._ice(target, ratio, pixels, mirror=False)
            told = along_move(
                self.generator, self.mirrored, move, points, target, _others(target), ALPHAS[:4]
            )
            return told.median * told.reached

        ratio = max(RATIOS, key=lambda ratio: usefulness(ratio, 0.0))
        held = (0.0, *PIXELS) if _part(target) in OUTLINED else (0.0,)
        pixels = max(held, key=lambda pixels: usefulness(ratio, pixels))
        return self._ice(target, ratio, pixels, mirror=True)

    def _ice(self, target: str, ratio: float, pixels: float, mirror: bool) -> Move:
        """What a fit of its own finds; a step changes the target by one SD to first order.

        Targets and ratios share their Jacobians, which are the same. pixels: 0 holds none.
        """
        place = NAMES.index(target)
        others = [NAMES.index(name) for name in _others(target)]
        around = [f"pixels:~{_part(target)}"] if pixels else []
        held = "+".join(self._labels[other] for other in others)
        params = SETTINGS.model_copy(
            update={
                "codes": CODES,
                "mirror": mirror,
                "wanted": (f"score:{self._labels[place]}",),
                "suppressed": (f"score:{held}@{ratio}", *(f"{a}@{pixels}" for a in around)),
            }
        )
        found = ice_slopes.solve(self._parted, params, self._slopes, [place], others, around)
        columns = found.chart.coordinates(found.vectors[:1]).T
        name = f"ice, ratio {ratio:g}, pixels {pixels:g}"
        move = move_of(name, found.chart, columns)
        return replace(move, step=move.step / found.gains[0])

    def rivals(self, target: str) -> list[Move]:
        """The best of SeFa's findings, InterFaceGAN's, and the same with all else projected out."""
        plain = self._boundaries.findings[NAMES.index(target)]
        found = [self._move("interfacegan", plain)]
        with suppress(ConditionsCollinear):
            held = self._conditional(target).findings[0]
            found.append(self._move("interfacegan, conditional", held))
        best = max(self._sefa, key=lambda m: self._usefulness(m, target))
        return [best, *found]

    def judged(self, move: Move, target: str, count: int = HELD_OUT) -> Ratios:
        points = self.points(move.space)[:count]
        return along_move(self.generator, self.judge, move, points, target, _others(target), ALPHAS)

    def local(self, target: str, first: int, count: int) -> Ratios:
        """Re-estimated along the path of every sample: first ... first + count."""
        scene = Scene((self.regressor,), self.own.spread)
        made = (parse(f"score:{target}", scene), parse(f"score:~{target}", scene))
        chart = Chart.of(self.problem, "w", (), (), "population")
        probe = Probe(self.generator, chart.home, chart.tangents, made)
        walk = LocalWalk(chart, probe, (LOCAL_RATIO,))
        points = self.points(chart.home, first + count)[first:]
        seen = self.judge.read(pictures(self.generator, points, chart.home))
        place = NAMES.index(target)
        paths = []
        for point, scores in zip(points, seen, strict=True):
            slope = probe.jacobians(point)[0][0]
            up = scores[place] <= self.judge.centre[place]
            paths.append(walk.path(point, slope if up else -slope, STEP, STEPS))
        return along_paths(
            self.generator, self.judge, torch.stack(paths, 1), chart.home, target, _others(target)
        )

    def _judge(self, predictor: Predictor) -> Judge:
        def read(images: Tensor) -> np.ndarray:
            with torch.inference_mode():
                parts = [predictor.scores(rows) for rows in images.split(250)]
            return torch.cat(parts).double().numpy()

        return Judge.of(predictor.scorers, read, self._unmoved)

    @cached_property
    def _unmoved(self) -> Tensor:
        space = self.generator.spaces[0]
        return pictures(self.generator, self.points(space, SPREAD, shift=1), space)

    @cached_property
    def _parted(self) -> Problem:
        """With the segmenter, which tells pixels of parts."""
        networks = (self.regressor, bundled.load_predictor("avatar-segmenter"))
        cards = tuple(network.card for network in networks)
        return Problem(self.generator, cards, networks=networks, seed=self.seed)

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        """The regressor's scores as criterions name them beside the segmenter's."""
        return _labels(self._parted.networks)[: len(NAMES)]

    @cached_property
    def _slopes(self) -> Slopes:
        settings = SETTINGS.model_copy(update={"codes": CODES})
        around = [f"pixels:~{part}" for part in OUTLINED]
        return ice_slopes.take(self._parted, settings, [f"score:{'+'.join(self._labels)}"], around)

    @cached_property
    def _population(self) -> Population:
        points = torch.from_numpy(self.problem.sample(self.seed, 0, SAMPLES, Space.W))
        scores = [
            self.own.read(pictures(self.generator, rows, Space.W)) for rows in points.split(500)
        ]
        spec = PopulationSpec(self.generator.card.digest, self.seed)
        own = {self.regressor.card.digest: np.concatenate(scores).astype(np.float32)}
        return Population(spec, 0, SAMPLES, own)

    @cached_property
    def _boundaries(self) -> FindingSet:
        return self._separate(InterFaceGanParams(space="w"))

    def _conditional(self, target: str) -> FindingSet:
        """All other factors held."""
        return self._separate(
            InterFaceGanParams(space="w", scorers=(target,), conditions=tuple(_others(target)))
        )

    def _separate(self, params: InterFaceGanParams) -> FindingSet:
        problem = Problem(
            self.generator,
            (self.regressor.card,),
            population=self._population,
            seed=self.seed,
        )
        return InterFaceGan(params).fit(problem)

    @cached_property
    def _sefa(self) -> list[Move]:
        found = []
        for space in ("w", "w+"):
            components = SeFa(SefaParams(space=space, components=6)).fit(self.problem)
            found += [self._move(f"sefa {space} {k}", f) for k, f in enumerate(components.findings)]
        return found

    def _move(self, name: str, finding: Direction) -> Move:
        step = torch.from_numpy(finding.vector * np.float32(finding.scale))
        return Move(name, finding.space, step)

    def _usefulness(self, move: Move, target: str) -> float:
        """The regressor's median ratio on other samples, by how many of them arrive."""
        points = self.points(move.space, TUNING, shift=2)
        told = along_move(
            self.generator, self.own, move, points, target, _others(target), ALPHAS[1::2]
        )
        return told.median * told.reached


def _part(target: str) -> str:
    return next(part for part, factors in PARTS.items() if target in factors)


def _others(target: str) -> Sequence[str]:
    return [name for name in NAMES if name != target]
