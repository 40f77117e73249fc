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
from directrix.rendering.pixels import from_pixels, to_pixels
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
from directrix.zoo.avatars import rulers
from directrix.zoo.avatars.renderer import draw
from tests.benchmarks import bundled
from tests.benchmarks.explain_questions import (
    SEED,
    Asked,
    Clothes,
    about_generated,
    about_real,
    clothes,
    real_picture,
)
from tests.benchmarks.second_evaluator import SecondEvaluator
from tests.integration.faces.files import KEPT, load_generator, load_predictor

AVATAR_PAIRS = (
    ("plain", "glasses"),
    ("plain", "age_lines"),
    ("glasses", "glasses_and_age_lines"),
    ("age_lines", "glasses_and_age_lines"),
)
AVATARS_EACH, DRAWN_EACH, FACES_EACH = 13, 4, 10
AVATAR_POOL, DRAWN_POOL, FACE_POOL = 400, 60, 100
TEACHING, FACE_TEACHING, COMPONENTS = 2048, 1024, 10
"""Samples of InterFaceGAN's populations, and SeFa's components."""
FACES = {"smile": ("happy", "emotion"), "gender": ("male", "faceres")}
"""What is asked of faces: the scorer of the attributes, which the second evaluator calls the same,
and the second evaluator's network."""
READ, READ_SEED = 200, 7002
"""Faces by which the second evaluator's threshold is set."""

Seconds = Callable[[np.ndarray, str], bool]
"""Whether a picture uint8 [H, W, C] is the target for whoever seconds it."""


@dataclass(frozen=True, eq=False)
class Subject:
    """renderer: knows the findings, and the classifier is its first predictor. findings: digest.

    seconds: whoever seconds an answer. named: what the first findings were found for; the others
    are SeFa's. picture: of an index, uint8 [H, W, C], where real pictures are asked about, which
    are inverted with `look`; without it indices are samples of SEED.
    """

    renderer: Renderer
    findings: str
    questions: Sequence[Asked]
    seconds: Seconds
    named: Sequence[str]
    picture: Callable[[int], np.ndarray] | None = None
    look: Predictor | None = None

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


@cache
def subject(kind: str) -> Subject:
    """ "generated" and "real" are about clothes, "avatars" and "drawn" about avatars, "smile" and
    "gender" about faces.
    """
    if kind in FACES:
        return _faces(kind)
    return _avatars(kind == "drawn") if kind in ("avatars", "drawn") else _clothes(kind == "real")


def _clothes(real: bool) -> Subject:
    world, oracle = _clothes_world(), bundled.load_predictor(bundled.ORACLE)
    if real:
        asked = about_real(world)
        return Subject(
            world.renderer,
            world.findings,
            asked,
            says(oracle),
            world.classes,
            real_picture,
            oracle,
        )
    asked = about_generated(world)
    return Subject(world.renderer, world.findings, asked, says(oracle), world.classes)


@cache
def _clothes_world() -> Clothes:
    return clothes()


def says(oracle: Predictor) -> Seconds:
    @torch.inference_mode()
    def seconds(image: np.ndarray, target: str) -> bool:
        scores = oracle.scores(from_pixels(torch.from_numpy(image[None].copy())))
        return oracle.scorers[int(scores[0].argmax())] == target

    return seconds


def _avatars(drawn: bool) -> Subject:
    renderer, findings = _avatar_findings()
    oracle = bundled.load_predictor("avatar-oracle")
    names = renderer.predictors[0].scorers
    pairs = [*AVATAR_PAIRS, *((b, a) for a, b in AVATAR_PAIRS)]
    if drawn:
        truth = draw(SEED, 0, DRAWN_POOL)
        pictures = to_pixels(torch.from_numpy(truth.images)).numpy()
        asked = _asked(names, pairs, rulers.classes(truth).numpy(), DRAWN_EACH)
        show = pictures.__getitem__
        return Subject(renderer, findings, asked, says(oracle), names, show, oracle)
    labels = renderer.score(renderer.sample(SEED, 0, AVATAR_POOL, Space.Z)).argmax(1)
    asked = _asked(names, pairs, labels, AVATARS_EACH)
    return Subject(renderer, findings, asked, says(oracle), names)


@cache
def _avatar_findings() -> tuple[Renderer, str]:
    generator = bundled.load_generator("avatar-generator-r00")
    classifier = bundled.load_predictor("avatar-classifier")
    sets, findings = _found(generator, classifier, Space.W, TEACHING)
    return Renderer(generator, [classifier], sets.__getitem__), findings


def _faces(kind: str) -> Subject:
    scorer, network = FACES[kind]
    generator, attributes, sets, findings = _face_findings()
    classifier = Either(attributes, scorer, f"not {scorer}")
    renderer = Renderer(generator, [classifier], sets.__getitem__)
    labels = renderer.score(renderer.sample(SEED, 0, FACE_POOL, Space.Z)).argmax(1)
    names = classifier.scorers
    asked = _asked(names, [names, names[::-1]], labels, FACES_EACH)
    second = _second(renderer, scorer, network)
    return Subject(renderer, findings, asked, second, attributes.scorers)


@cache
def _face_findings() -> tuple[Generator, Predictor, dict[str, FindingSet], str]:
    generator, attributes = load_generator(), load_predictor("face-attributes")
    sets, findings = _found(generator, attributes, Space.Z, FACE_TEACHING)
    return generator, attributes, sets, findings


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
    generator: Generator, scorers: Predictor, space: Space, teaching: int
) -> tuple[dict[str, FindingSet], str]:
    """The findings of all scorers, and SeFa's, by their digest."""
    renderer = Renderer(generator, [scorers], {}.__getitem__)
    scores = renderer.score(renderer.sample(0, 0, teaching, Space.Z))
    spec = PopulationSpec(generator.card.digest, 0)
    population = Population(spec, 0, teaching, {scorers.card.digest: scores})
    problem = Problem(generator, (scorers.card,), population=population, seed=0)
    named = InterFaceGan(InterFaceGanParams(space=space.value)).fit(problem)
    unnamed = SeFa(SefaParams(space=space.value, components=COMPONENTS)).fit(problem)
    both = FindingSet((*named.findings, *unnamed.findings), named.provenance)
    digest = finding_set_digest(both)
    return {digest: both}, digest


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
