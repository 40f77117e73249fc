"""Renderer: recipes and latents -> pixels and scores, the same bytes for the same recipe."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix import inversion, population
from directrix.batches import BATCH
from directrix.errors import InvalidField
from directrix.generators import ORDER, Generator
from directrix.inversion import Encoder
from directrix.predictors import Embedder, Predictor
from directrix.rendering.checks import Checks
from directrix.rendering.conversion import Conversion
from directrix.rendering.drawing import Drawing
from directrix.rendering.pixels import from_pixels, to_pixels
from directrix.rendering.plan import Plan
from directrix.rendering.planner import Planner
from directrix.rendering.scoring import Scoring
from directrix.rendering.spread import Spread, measure
from directrix.types import FindingSet, Form, Latent, LatentSource, Noise, Recipe, Space


@dataclass(frozen=True, eq=False)
class Rendered:
    """images: uint8 [N, H, W, C]. scores: float32 [N, K], all predictors side by side."""

    images: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True, eq=False)
class Inverted:
    """The inversion of one image.

    latent: one row. reconstruction: uint8 [H, W, C], what a recipe from this latent renders. error:
    mean squared error of its pixels in [-1, 1]. noise_error: that with the optimised noise inputs,
    before rounding; None where none were optimised.
    """

    latent: Latent
    reconstruction: np.ndarray
    error: float
    noise_error: float | None


class Renderer:
    """One generator with the predictors that score its images.

    Form.RESULT: float32 in chunks of exactly BATCH rows, or in others that were measured to give
    the same floats; what digests are made of. Form.PREVIEW: batches as they come, in bfloat16
    where the device has it. Scores are those of the rounded pixels.
    """

    def __init__(
        self,
        generator: Generator,
        predictors: Sequence[Predictor],
        findings: Callable[[str], FindingSet],
    ):
        for predictor in predictors:
            predictor.check_images(generator.card.image)
        self.generator = generator
        self.predictors = tuple(predictors)
        self.findings = findings
        self._planner = Planner(generator, findings)
        self._checks = Checks(generator)
        self._conversion = Conversion(generator)
        self._drawing = Drawing(generator, self._conversion)
        self._scoring = Scoring(predictors, self._probe_pixels)
        self._spreads: dict[Space, Spread] = {}

    def plan(self, recipe: Recipe) -> Plan:
        """Checks a recipe: every error that rendering it could raise is raised here.

        In its fields `generator` and `finding_set` are digests. Raises InvalidField,
        SpaceUnavailable, LayerInvalid, FindingMismatch, and what `findings` raises.
        """
        return self._planner.plan(recipe)

    @torch.inference_mode()
    def render(
        self,
        plans: Sequence[Plan],
        form: Form = Form.RESULT,
        stop: Callable[[], None] = inversion.go_on,
    ) -> Rendered:
        """Images and scores of the plans, in their order.

        stop is called between drawing and scoring, and may raise.
        """
        image = self.generator.card.image
        images = np.empty((len(plans), image.height, image.width, image.channels), np.uint8)
        scores = np.empty((len(plans), self._scoring.width), np.float32)
        for rows in self._batches(plans, form):
            pixels = to_pixels(self._drawing.plans([plans[row] for row in rows], form))
            images[rows] = pixels.cpu().numpy()
            stop()
            scores[rows] = self._scoring.scores(pixels, form)
        return Rendered(images, scores)

    @torch.inference_mode()
    def score(self, latent: Latent, form: Form = Form.RESULT) -> np.ndarray:
        """Scores float32 [N, K] of the images of latents; constant noise, nothing truncated.

        Raises FindingMismatch, InvalidField, SpaceUnavailable.
        """
        self._checks.latent(latent)
        space = max(latent.space, self.generator.truncation_space, key=ORDER.index)
        size = self._drawing.batch(space, Noise.CONSTANT, form)
        scores = np.empty((len(latent), self._scoring.width), np.float32)
        for start in range(0, len(latent), size):
            rows = torch.tensor(latent.values[start : start + size], device=self.generator.device)
            rows = self._conversion(rows, latent.space, space)
            pixels = to_pixels(self._drawing.latents(rows, space, form))
            scores[start : start + size] = self._scoring.scores(pixels, form)
        return scores

    @torch.inference_mode()
    def sample(
        self, seed: int, start: int, count: int, space: Space, truncation: float = 1.0
    ) -> Latent:
        """Samples start .. start + count of a population.

        Truncation acts in W where there is one: samples asked for in an earlier space are the
        prior's own. Raises SpaceUnavailable, InvalidField.
        """
        if not 0 <= truncation <= 2:
            raise InvalidField(f"truncation lies in [0, 2], not {truncation}", field="truncation")
        self.generator.check_conversion(Space.Z, space)
        z = population.latents(seed, start, count, self.generator.dimension(Space.Z))
        rows = torch.tensor(z, device=self.generator.device)
        drawn = min(space, self.generator.truncation_space, key=ORDER.index)
        rows = self._conversion(rows, Space.Z, drawn)
        if drawn is self.generator.truncation_space:
            rows = self._conversion.truncate(rows, drawn, truncation)
        values = self._conversion(rows, drawn, space)
        return Latent(space, self.generator.card.digest, values.cpu().numpy())

    @torch.inference_mode()
    def latent(self, plan: Plan) -> Latent:
        """Where the edit ends, outside all masks and before units: one row in `plan.end`."""
        return Latent(plan.end, self.generator.card.digest, self._drawing.points([plan]))

    @torch.inference_mode()
    def convert(self, latent: Latent, space: Space) -> Latent:
        """Latents in a later space. Raises FindingMismatch, InvalidField, SpaceUnavailable."""
        self._checks.latent(latent)
        rows = torch.tensor(latent.values, device=self.generator.device)
        values = self._conversion(rows, latent.space, space).cpu().numpy()
        return Latent(space, self.generator.card.digest, values)

    def spread(self, space: Space, stop: Callable[[], None] = inversion.go_on) -> Spread:
        """Of the population in Z, W or S, measured once: stop is called meanwhile, may raise."""
        if space not in self._spreads:
            self._spreads[space] = measure(self.generator, space, stop)
        return self._spreads[space]

    @torch.inference_mode()
    def judge(self, images: np.ndarray) -> np.ndarray:
        """Scores float32 [N, K] of images uint8 [N, H, W, C], all predictors side by side."""
        scores = np.empty((len(images), self._scoring.width), np.float32)
        for start in range(0, len(images), BATCH):
            pixels = torch.tensor(images[start : start + BATCH], device=self.generator.device)
            scores[start : start + BATCH] = self._scoring.scores(pixels, Form.RESULT)
        return scores

    def invert(
        self,
        image: np.ndarray,
        search: inversion.Search,
        stop: Callable[[], None] = inversion.go_on,
        encoder: Encoder | None = None,
        embedder: Embedder | None = None,
    ) -> Inverted:
        """The latent nearest to an image uint8 [H, W, C].

        stop is called between steps and may raise. Raises InvalidField, SpaceUnavailable,
        EncoderMismatch.
        """
        self._check_image(image)
        target = from_pixels(torch.tensor(image[None], device=self.generator.device))
        found = inversion.invert(self.generator, target, search, stop, encoder, embedder)
        digest = self.generator.card.digest
        latent = Latent(search.space, digest, found.latents.cpu().numpy())
        rendered = self.render([self.plan(Recipe(digest, LatentSource(latent)))])
        made = torch.from_numpy(rendered.images)
        error = (from_pixels(made) - target.cpu()).double().square().mean()
        noise = None if found.noise_errors is None else float(found.noise_errors[0])
        return Inverted(latent, rendered.images[0], float(error), noise)

    def _check_image(self, image: np.ndarray) -> None:
        card = self.generator.card.image
        wanted = (card.height, card.width, card.channels)
        if image.dtype != np.uint8 or image.shape != wanted:
            raise InvalidField(
                f"generator {self.generator.card.name} inverts images uint8 "
                f"{' x '.join(map(str, wanted))}, not {image.dtype} "
                f"{' x '.join(map(str, image.shape))}",
                field="image",
            )

    def _batches(self, plans: Sequence[Plan], form: Form) -> Iterator[list[int]]:
        """Positions of plans of one kind, at most one batch at a time."""
        kinds: dict[tuple[Space, Noise, int, int], list[int]] = defaultdict(list)
        for row, plan in enumerate(plans):
            kinds[plan.kind].append(row)
        for (space, noise, *_), rows in kinds.items():
            size = self._drawing.batch(space, noise, form)
            for start in range(0, len(rows), size):
                yield rows[start : start + size]

    def _probe_pixels(self, index: int) -> Tensor:
        latents = self._conversion.probe(Space.Z, index)
        return to_pixels(self.generator.synthesise(latents, Space.Z))
