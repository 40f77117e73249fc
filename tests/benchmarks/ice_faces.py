"""Natural faces, part by part, seen by MediaPipe's mesh, which nobody differentiated.

The landmarks of another maker are differentiated by ICE and label InterFaceGAN's population. What
opens, widens or darkens is told in both evaluators' words: mouth, jaw, eyes, skin.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import torch
from torch import Tensor

from directrix.discovery import Problem
from directrix.errors import ConditionsCollinear
from directrix.generators import Generator
from directrix.methods.ice import Ice, IceParams
from directrix.methods.interfacegan import InterFaceGan, InterFaceGanParams
from directrix.methods.sefa import SeFa, SefaParams
from directrix.predictors.face_landmarks import LandmarkPredictor
from directrix.scorecard import held_out_seed
from directrix.types import Direction, FindingSet, Population, PopulationSpec, Space
from tests.benchmarks.ice_ratios import Judge, Move, Ratios, along_move, move_of, pictures
from tests.benchmarks.second_evaluator import EYES, POINTS, SecondEvaluator, read_mesh
from tests.integration.faces.files import KEPT, load_generator, load_predictor

SEED, SAMPLES, HELD_OUT, RIVALS, TUNING, SPREAD = 0, 3000, 125, 40, 24, 400
"""Held-out faces of each part: other ones for each, 500 in all. Rivals are shown the first few."""
LIDS = ((159, 145), (386, 374))
JAW, CHEEKS = (172, 397), (50, 280, 205, 425)
CORNERS, TOP, CHIN = (61, 291), 10, 152
SIDE, MARGIN, MESH = 64, 8, 192
ALPHAS = (1.5, 3.0, 4.5, 6.0)
CODES, RATIO = 96, 1e-2
"""Latents that Jacobians are taken at, and how firmly is suppressed."""


@dataclass(frozen=True)
class Part:
    """wanted and suppressed: criterions. word: the rivals' scorer. target, held: the judge's."""

    wanted: str
    suppressed: str
    word: str
    target: str
    held: tuple[str, ...]


PARTS: Mapping[str, Part] = {
    "mouth": Part(
        "score:mouth-open",
        "score:yaw+pitch+roll+eye-openness+brow-height+brightness",
        "mouth-open",
        "mouth-open",
        ("yaw", "pitch", "eye-openness", "skin"),
    ),
    "jaw": Part(
        "score:jaw-width",
        "score:yaw+pitch+roll+mouth-open+mouth-width+eye-openness+brightness",
        "jaw-width",
        "jaw-width",
        ("yaw", "pitch", "mouth-open", "mouth-width", "eye-openness", "skin"),
    ),
    "eyes": Part(
        "score:eye-openness",
        "score:yaw+pitch+roll+mouth-open+mouth-width+jaw-width+brightness",
        "eye-openness",
        "eye-openness",
        ("yaw", "pitch", "mouth-open", "mouth-width", "jaw-width", "skin"),
    ),
    "skin": Part(
        "colour:skin",
        "score:yaw+pitch+roll+mouth-open+mouth-width+eye-openness+jaw-width",
        "brightness",
        "skin",
        ("yaw", "pitch", "mouth-open", "mouth-width", "eye-openness", "jaw-width"),
    ),
}
NAMES = (
    "yaw",
    "pitch",
    "mouth-open",
    "mouth-width",
    "eye-openness",
    "jaw-width",
    "chin-length",
    "skin",
)


class MeshJudge(SecondEvaluator):
    """The mesh alone, with the openness of the eyes, the jaw's width and the cheeks' brightness."""

    def __init__(self) -> None:
        super().__init__(KEPT, ("facemesh",))

    def read(self, images: Tensor) -> np.ndarray:
        """[n, K] in the order of NAMES."""
        scores = self.scores(images.numpy())
        return np.stack([scores[name] for name in NAMES], 1)

    def _once(self, images: np.ndarray) -> dict[str, np.ndarray]:
        pixels = ((images.transpose(0, 2, 3, 1).clip(-1, 1) + 1) / 2).astype("<f4")
        rows = np.concatenate([self._answer(pixels[i : i + 16]) for i in range(0, len(pixels), 16)])
        points = rows.reshape(-1, POINTS, 3)
        left, right = (points[:, list(eye)].mean(1) for eye in EYES)
        unit = np.linalg.norm(right - left, axis=1)

        def between(a: int, b: int) -> np.ndarray:
            return np.linalg.norm(points[:, a] - points[:, b], axis=1) / unit

        lids = np.mean([between(*pair) for pair in LIDS], 0)
        upright = points[:, CHIN] - points[:, TOP]
        below = points[:, CHIN] - points[:, list(CORNERS)].mean(1)
        length = np.einsum("nk,nk->n", below, upright) / np.linalg.norm(upright, axis=1) / unit
        more = {"eye-openness": lids, "jaw-width": between(*JAW), "chin-length": length}
        more["skin"] = _cheeks(pixels, points)
        return read_mesh(points) | more


def _cheeks(pixels: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Mean brightness [N] of pixels [N, 64, 64, 3] around the mesh's cheeks."""
    places = points[:, list(CHEEKS), :2] / MESH * (SIDE + 2 * MARGIN) - MARGIN
    x, y = np.rint(places).astype(int).clip(1, SIDE - 2).transpose(2, 0, 1)
    row = np.arange(len(pixels))[:, None]
    around = [pixels[row, y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return np.mean(around, (0, 2, 3))


@dataclass(frozen=True, eq=False)
class Faces:
    """Generator, the landmarks that methods use, and the mesh that judges."""

    mesh: MeshJudge
    seed: int = SEED

    @cached_property
    def generator(self) -> Generator:
        return load_generator()

    @cached_property
    def landmarks(self) -> LandmarkPredictor:
        return cast(LandmarkPredictor, load_predictor("face-landmarks"))

    @cached_property
    def problem(self) -> Problem:
        return Problem(
            self.generator, (self.landmarks.card,), networks=(self.landmarks,), seed=self.seed
        )

    @cached_property
    def judge(self) -> Judge:
        return Judge.of(NAMES, self.mesh.read, self._unmoved)

    @cached_property
    def own(self) -> Judge:
        """The landmarks themselves, for choices."""
        return Judge.of(self.landmarks.scorers, self._own, self._unmoved)

    def points(self, part: str, count: int = HELD_OUT, shift: int = 0) -> Tensor:
        """Held-out latents of believable faces, others for every part."""
        place = list(PARTS).index(part)
        seed = held_out_seed(self.seed + shift)
        start, found = 2 * place * HELD_OUT, list[Tensor]()
        while sum(map(len, found)) < count:
            rows = torch.from_numpy(self.problem.sample(seed, start, count, Space.Z))
            found.append(rows[self.landmarks.plausible(pictures(self.generator, rows, Space.Z))])
            start += count
        return torch.cat(found)[:count]

    def ice(self, part: str) -> Move:
        """The first direction."""
        task = PARTS[part]
        params = IceParams(
            space="z",
            form="soft",
            codes=CODES,
            weighing="alike",
            components=1,
            wanted=(task.wanted,),
            suppressed=(f"{task.suppressed}@{RATIO}",),
        )
        solution = Ice(params).solve(self.problem)
        columns = solution.chart.coordinates(solution.vectors[:1]).T
        return move_of("ice", solution.chart, columns)

    def rivals(self, part: str) -> list[Move]:
        """The best of SeFa's findings for the part, by the landmarks, and InterFaceGAN's."""
        word = PARTS[part].word
        best = max(self._sefa, key=lambda m: self._usefulness(m, part))
        plain = self._separate(InterFaceGanParams(scorers=(word,), fraction=0.5))
        found = [best, self._move("interfacegan", plain.findings[0])]
        held = tuple(PARTS[part].suppressed.removeprefix("score:").split("+"))
        held = tuple(name for name in held if name != word)
        with suppress(ConditionsCollinear):
            params = InterFaceGanParams(scorers=(word,), conditions=held, fraction=0.5)
            conditional = self._separate(params).findings[0]
            found.append(self._move("interfacegan, conditional", conditional))
        return found

    def judged(self, move: Move, part: str, count: int = HELD_OUT) -> Ratios:
        task = PARTS[part]
        points = self.points(part)[:count]
        return along_move(self.generator, self.judge, move, points, task.target, task.held, ALPHAS)

    @cached_property
    def _unmoved(self) -> Tensor:
        rows = torch.from_numpy(
            self.problem.sample(held_out_seed(self.seed + 1), 0, SPREAD, Space.Z)
        )
        images = pictures(self.generator, rows, Space.Z)
        return images[self.landmarks.plausible(images)]

    @torch.inference_mode()
    def _own(self, images: Tensor) -> np.ndarray:
        parts = [self.landmarks.scores(rows) for rows in images.split(64)]
        return torch.cat(parts).double().numpy()

    @cached_property
    def _sefa(self) -> list[Move]:
        components = SeFa(SefaParams(components=8)).fit(self.problem).findings
        return [self._move(f"sefa {k}", finding) for k, finding in enumerate(components)]

    @cached_property
    def _population(self) -> Population:
        rows = torch.from_numpy(self.problem.sample(self.seed, 0, SAMPLES, Space.Z))
        scores = np.concatenate(
            [self._own(pictures(self.generator, part, Space.Z)) for part in rows.split(250)]
        )
        own = {self.landmarks.card.digest: scores.astype(np.float32)}
        spec = PopulationSpec(self.generator.card.digest, self.seed)
        return Population(spec, 0, SAMPLES, own)

    def _separate(self, params: InterFaceGanParams) -> FindingSet:
        problem = Problem(
            self.generator,
            (self.landmarks.card,),
            population=self._population,
            seed=self.seed,
        )
        return InterFaceGan(params).fit(problem)

    def _move(self, name: str, finding: Direction) -> Move:
        return Move(name, Space.Z, torch.from_numpy(finding.vector * np.float32(finding.scale)))

    def _usefulness(self, move: Move, part: str) -> float:
        task = PARTS[part]
        held = tuple(task.suppressed.removeprefix("score:").split("+"))
        held = tuple(name for name in held if name != task.word)
        points = self.points(part, TUNING, shift=2)
        told = along_move(self.generator, self.own, move, points, task.word, held, (2.0, 4.0))
        return told.median * told.reached
