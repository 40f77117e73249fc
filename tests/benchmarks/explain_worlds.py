"""Worlds that explanations are asked in: clothes, avatars and natural faces.

What may be moved is what a user would have found: InterFaceGAN's directions of all scorers, and
SeFa's first components, which nobody named. They learn from samples of seed 0, which no question is
about. Whoever seconds an answer is another network; for faces, one of another maker in Node.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from directrix.archive import finding_set_digest
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.methods.interfacegan import InterFaceGan, InterFaceGanParams
from directrix.methods.sefa import SeFa, SefaParams
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.rendering.pixels import from_pixels
from directrix.types import (
    FindingSet,
    Population,
    PopulationSpec,
    PredictorCard,
    Recipe,
    Scorer,
    SeedSource,
    Space,
)
from tests.benchmarks import bundled
from tests.benchmarks.explain_questions import SEED, Asked, clothes
from tests.benchmarks.second_evaluator import SecondEvaluator
from tests.integration.faces.files import KEPT, load_generator, load_predictor

AVATAR_PAIRS = (
    ("plain", "glasses"),
    ("plain", "age_lines"),
    ("glasses", "glasses_and_age_lines"),
    ("age_lines", "glasses_and_age_lines"),
)
AVATARS_EACH, FACES_EACH = 13, 20
AVATAR_POOL, FACE_POOL = 400, 400
TEACHING, COMPONENTS = 2048, 10
FACES = {"smile": ("happy", "emotion"), "gender": ("male", "faceres")}
"""What is asked of faces: the scorer of the attributes, which the second evaluator calls the same,
and the second evaluator's network."""
READ, READ_SEED = 300, 7002
"""Faces by which the second evaluator's threshold is set."""

Seconds = Callable[[np.ndarray, str], bool]
"""Whether a picture uint8 [H, W, C] is the target for whoever seconds it."""


@dataclass(frozen=True, eq=False)
class Subject:
    """renderer: knows the findings, and the classifier is its first predictor. findings: digest."""

    renderer: Renderer
    findings: str
    questions: Sequence[Asked]
    seconds: Seconds

    @property
    def classes(self) -> tuple[str, ...]:
        return self.renderer.predictors[0].scorers


class Either(Predictor):
    """A classifier of two classes from one log-odds of another predictor: at 0 both are as likely.

    scores [N, 2] = (-s / 2, s / 2), so that softmax gives back the odds.
    """

    def __init__(self, predictor: Predictor, scorer: str, lacking: str):
        self._predictor, self._column = predictor, predictor.index(scorer)
        card = PredictorCard(
            name=f"{predictor.card.name}-{scorer}",
            architecture="either",
            image=predictor.card.image,
            task="classifier",
            scorers=(Scorer(name=lacking), Scorer(name=scorer)),
            digest=predictor.card.digest,
        )
        super().__init__(card, predictor.device)

    def scores(self, images: Tensor) -> Tensor:
        odds = self._predictor.scores(images)[:, self._column]
        return torch.stack([-odds / 2, odds / 2], 1)


def subject(kind: str) -> Subject:
    """ "generated" and "real" are about clothes; "avatars"; "smile" and "gender" of faces."""
    return _subject("clothes" if kind in ("generated", "real") else kind)


@cache
def _subject(kind: str) -> Subject:
    if kind == "clothes":
        world = clothes()
        oracle = bundled.load_predictor(bundled.ORACLE)
        return Subject(world.renderer, world.findings, (), says(oracle))
    return _avatars() if kind == "avatars" else _faces(kind)


def says(oracle: Predictor) -> Seconds:
    @torch.inference_mode()
    def seconds(image: np.ndarray, target: str) -> bool:
        scores = oracle.scores(from_pixels(torch.from_numpy(image[None].copy())))
        return oracle.scorers[int(scores[0].argmax())] == target

    return seconds


def _avatars() -> Subject:
    generator = bundled.load_generator("avatar-generator-r00")
    classifier = bundled.load_predictor("avatar-classifier")
    renderer, findings = _found(generator, classifier, classifier, Space.W)
    labels = renderer.score(renderer.sample(SEED, 0, AVATAR_POOL, Space.Z)).argmax(1)
    pairs = [*AVATAR_PAIRS, *((b, a) for a, b in AVATAR_PAIRS)]
    questions = _asked(classifier.scorers, pairs, labels, AVATARS_EACH)
    return Subject(renderer, findings, questions, says(bundled.load_predictor("avatar-oracle")))


def _faces(kind: str) -> Subject:
    scorer, network = FACES[kind]
    attributes = load_predictor("face-attributes")
    classifier = Either(attributes, scorer, f"not {scorer}")
    renderer, findings = _found(load_generator(), classifier, attributes, Space.Z)
    labels = renderer.score(renderer.sample(SEED, 0, FACE_POOL, Space.Z)).argmax(1)
    names = classifier.scorers
    questions = _asked(names, [names, names[::-1]], labels, FACES_EACH)
    return Subject(renderer, findings, questions, _second(renderer, scorer, network))


def _second(renderer: Renderer, scorer: str, network: str) -> Seconds:
    """The second evaluator's score above the threshold that parts faces as the classifier does."""
    evaluator = SecondEvaluator(KEPT, (network,))

    def read(images: np.ndarray) -> np.ndarray:
        scaled = from_pixels(torch.from_numpy(images.copy())).numpy()
        return evaluator.scores(scaled)[scorer]

    threshold = _threshold(renderer, read)

    def seconds(image: np.ndarray, target: str) -> bool:
        return bool((read(image[None])[0] > threshold) == (target == scorer))

    return seconds


def _threshold(renderer: Renderer, read: Callable[[np.ndarray], np.ndarray]) -> float:
    """Where both kinds of unmoved faces are told apart equally well, on average."""
    digest = renderer.generator.card.digest
    plans = [renderer.plan(Recipe(digest, SeedSource(READ_SEED, i))) for i in range(READ)]
    shown = renderer.render(plans)
    first, second = shown.scores.argmax(1) == 1, read(shown.images)
    places = np.sort(second)
    kept = [(second[first] > p).mean() + (second[~first] <= p).mean() for p in places]
    return float(places[int(np.argmax(kept))])


def _found(
    generator: Generator, classifier: Predictor, scorers: Predictor, space: Space
) -> tuple[Renderer, str]:
    """Renderer and digest of the findings: of all scorers, and SeFa's."""
    sets: dict[str, FindingSet] = {}
    teacher = Renderer(generator, [scorers], sets.__getitem__)
    scores = teacher.score(teacher.sample(0, 0, TEACHING, Space.Z))
    spec = PopulationSpec(generator.card.digest, 0)
    population = Population(spec, 0, TEACHING, {scorers.card.digest: scores})
    problem = Problem(generator, (scorers.card,), population=population, seed=0)
    named = InterFaceGan(InterFaceGanParams(space=space.value)).fit(problem)
    unnamed = SeFa(SefaParams(space=space.value, components=COMPONENTS)).fit(problem)
    both = FindingSet((*named.findings, *unnamed.findings), named.provenance)
    sets[finding_set_digest(both)] = both
    return Renderer(generator, [classifier], sets.__getitem__), finding_set_digest(both)


def _asked(
    classes: Sequence[str], pairs: Sequence[Sequence[str]], labels: np.ndarray, each: int
) -> list[Asked]:
    """`each` of every ordered pair, no picture asked about twice while there are enough."""
    used = dict.fromkeys(classes, 0)
    found = []
    for source, target in pairs:
        own = np.flatnonzero(labels == classes.index(source))
        for _ in range(each):
            found.append(Asked(source, target, int(own[used[source] % len(own)])))
            used[source] += 1
    return found
