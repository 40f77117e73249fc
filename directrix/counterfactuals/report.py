"""Report: an answer written down, from one more look at the very pixels that are given out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from directrix.counterfactuals import shapley
from directrix.counterfactuals.ground import Axis, Ground, Point, distance, scaled
from directrix.counterfactuals.judge import Judge, judge
from directrix.counterfactuals.question import Question, Watch
from directrix.counterfactuals.trials import Spent, Trials
from directrix.errors import PredictorMismatch
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.rendering.pixels import from_pixels
from directrix.types import Counterfactual, CurvePoint, Scorer, Status


@dataclass(frozen=True, eq=False)
class Report:
    """Writes the answer down: renders it once more and says what those very pixels score.

    axes: every way to move that the question allows. original: uint8 [H, W, C]. before: its scores
    [1, K] by all predictors.
    """

    question: Question
    renderer: Renderer
    trials: Trials
    axes: tuple[Axis, ...]
    judging: Judge
    original: np.ndarray
    before: np.ndarray

    def along(self, axes: tuple[Axis, ...]) -> "Report":
        """The same with some of its axes."""
        return replace(self, axes=axes)

    def write(
        self, status: Status, cause: str, point: Point, oracle: Predictor | None, curve: int
    ) -> Counterfactual:
        shares = [(i + 1) / (curve + 1) for i in range(curve)]
        image, after, along, parts = self._look(status, point, shares)
        if status is Status.FOUND and not self.judging.holds(after)[0]:
            status, cause = Status.NOT_FOUND, "the flip did not show in the final picture"
        recipe = self.trials.ground.recipe(point)
        contributions: tuple[float, ...] = ()
        if status is Status.FOUND and len(parts):
            found = shapley.shapley(lambda _: self.judging.margin(parts), len(point))
            contributions = tuple(float(value) for value in found)
        names = [scorer.name for scorer in self.judging.card.scorers]
        target = names[int(self.judging.target_of(after)[0])]
        points = self._curve(point, after, shares, along)
        return Counterfactual(
            status=status,
            cause=cause,
            original=self.original,
            image=image,
            latent=self.renderer.latent(self.renderer.plan(recipe)),
            recipe=recipe,
            moves=recipe.moves,
            moved=self.trials.ground.moved(point, contributions or (None,) * len(point)),
            scores_before=self.before[0],
            scores_after=after[0],
            source_class=names[self.judging.source],
            target_class=target,
            margin_before=float(self.judging.margin(self.before)[0]),
            margin_after=float(self.judging.margin(after)[0]),
            probability_before=self._probability_before(target),
            probability_after=float(self.judging.probability_of(after)[0]),
            curve=points,
            oracle_agrees=None if oracle is None else says(oracle, image) == target,
            distance_sd=distance(point),
            pixel_l1=float(np.abs(image.astype(np.float64) - self.original).mean()),
            reconstruction_error=None,
            reconstruction_label_kept=None,
            generator_calls=self.trials.calls,
            classifier_calls=self.trials.calls,
        )

    def _look(
        self, status: Status, point: Point, shares: Sequence[float]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The picture of a point, and the scores [n, K] of it, of shares of it, and of all subsets
        of its findings, in one look; none of shares and subsets where the budget ends before.
        """
        none = self.before[:0]
        if not point:
            return self.original, self.before, none, none
        subsets: list[Point] = []
        if status is Status.FOUND and len(point) <= shapley.MOST:
            subsets = [
                tuple(part for part, is_in in zip(point, row, strict=True) if is_in)
                for row in shapley.subsets(len(point))
            ]
        along = [scaled(point, share) for share in shares]
        for others in ([*along, *subsets], along):
            try:
                images, scores = self.trials.look([point, *others])
            except Spent:
                continue
            cut = 1 + len(along)
            return images[0], scores[:1], scores[1:cut], scores[cut:]
        images, scores = self.trials.look([point], last=True)
        return images[0], scores, none, none

    def _probability_before(self, target: str) -> float:
        classes = [scorer.name for scorer in self.judging.card.scorers]
        named = replace(self.judging, target=classes.index(target))
        return float(named.probability_of(self.before)[0])

    def _curve(
        self, point: Point, after: np.ndarray, shares: Sequence[float], along: np.ndarray
    ) -> tuple[CurvePoint, ...]:
        """From the original to the answer; only its two ends where nothing between was seen."""
        start = CurvePoint(0.0, float(self.judging.margin(self.before)[0]))
        if not point:
            return (start,)
        margins = [float(m) for m in self.judging.margin(np.concatenate([along, after]))]
        whole = distance(point)
        places = zip([*shares[: len(along)], 1.0], margins, strict=True)
        return (start, *(CurvePoint(share * whole, margin) for share, margin in places))


@torch.inference_mode()
def says(oracle: Predictor, image: np.ndarray) -> str:
    """The class that the oracle sees in uint8 [H, W, C] pixels."""
    pixels = torch.from_numpy(image.copy())[None].to(oracle.device)
    return oracle.scorers[int(oracle.scores(from_pixels(pixels))[0].argmax())]


def begin(
    question: Question,
    renderer: Renderer,
    ground: Ground,
    oracle: Predictor | None,
    stop: Callable[[], None],
    watch: Watch,
) -> Report:
    """Checks a question and looks at the image as it is.

    Raises InvalidField, PredictorMismatch, Spent never.
    """
    trials = Trials(question, renderer, ground, stop, watch)
    card = renderer.predictors[question.classifier].card
    if oracle is not None:
        check_oracle(oracle, card.scorers, renderer)
    images, scores = trials.look([()], last=True)
    judging = judge(
        card,
        trials.first_column,
        scores[0],
        question.target,
        question.target_probability,
        question.hold,
    )
    trials.tell(judging, images, scores)
    return Report(question, renderer, trials, ground.axes, judging, images[0], scores)


def check_oracle(oracle: Predictor, scorers: tuple[Scorer, ...], renderer: Renderer) -> None:
    oracle.check_images(renderer.generator.card.image)
    missing = [scorer.name for scorer in scorers if scorer.name not in oracle.scorers]
    if missing:
        raise PredictorMismatch(
            f"oracle {oracle.card.name} does not know the class {missing[0]!r}: "
            f"it has {', '.join(oracle.scorers)}"
        )
