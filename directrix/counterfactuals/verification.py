"""Verification: whether an answer outlives what should not matter, and how usual its latent is.

An answer that a shift by one pixel undoes is about pixels, not about the picture. So the
classifier (and the oracle) is shown the very picture in a few views: shifted by one pixel eight
ways, mirrored, and with faint noise, always the same.
"""

from dataclasses import replace

import numpy as np
import torch

from directrix.counterfactuals.question import Question
from directrix.densities import Normal
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.rendering.pixels import from_pixels
from directrix.types import Counterfactual, Recipe, Space, Status

SHIFTS = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right)
NOISY, NOISE_SD, NOISE_SEED = 7, 4.0, 0
"""Views with normal noise, its SD in grey levels, and the seed of all of them."""
VIEWS = len(SHIFTS) + 1 + NOISY

REFERENCE, BLOCK, SEED = 4096, 1024, 2**61
"""Latents of the population whose normal tells densities in W, and how many at once."""


def verify(
    found: Counterfactual, question: Question, renderer: Renderer, oracle: Predictor | None = None
) -> Counterfactual:
    """The answer with the shares of its views that the classifier and the oracle take for the
    target. One that is not FOUND comes back as it is.
    """
    if found.status is not Status.FOUND:
        return found
    shown = views(found.image)
    card = renderer.predictors[question.classifier].card
    first = sum(len(each.scorers) for each in renderer.predictors[: question.classifier])
    own = renderer.judge(shown)[:, first : first + len(card.scorers)]
    target = [scorer.name for scorer in card.scorers].index(found.target_class)
    seen = None
    if oracle is not None:
        wanted = oracle.scorers.index(found.target_class)
        seen = float((_scores(oracle, shown).argmax(1) == wanted).mean())
    return replace(
        found,
        views=len(shown),
        views_agree=float((own.argmax(1) == target).mean()),
        oracle_views_agree=seen,
        classifier_calls=found.classifier_calls + len(shown),
    )


def views(image: np.ndarray) -> np.ndarray:
    """uint8 [VIEWS, H, W, C] of an image [H, W, C]; what a shift leaves bare repeats the edge."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    shifted = [padded[1 + d : 1 + d + height, 1 + r : 1 + r + width] for d, r in SHIFTS]
    random = np.random.Generator(np.random.Philox(NOISE_SEED))
    noise = random.normal(0, NOISE_SD, (NOISY, *image.shape))
    noisy = np.rint(np.clip(image + noise, 0, 255)).astype(np.uint8)
    return np.concatenate([np.stack([*shifted, image[:, ::-1]]), noisy])


def normal(renderer: Renderer) -> Normal:
    """Of the population's W; of Z where a generator has no W."""
    if Space.W not in renderer.generator.spaces:
        return Normal.standard(renderer.generator.dimension(Space.Z))
    return Normal.fit(
        renderer.sample(SEED, start, BLOCK, Space.W).values for start in range(0, REFERENCE, BLOCK)
    )


def log_density_change(
    found: Counterfactual, recipe: Recipe, renderer: Renderer, of_w: Normal
) -> float | None:
    """Of the answer's latent against that of the recipe that was asked about, in nats.

    of_w: see `normal`. None where nothing moved, and for latents that end in S.
    """
    space = found.latent.space
    if not found.moved or space is Space.S:
        return None
    still = recipe
    if found.recipe.source is recipe.source:  # findings moved; elsewhere the latent itself did
        added = found.moves[len(recipe.moves) :]
        still = replace(recipe, moves=(*recipe.moves, *(replace(m, alpha=0.0) for m in added)))
    before = renderer.convert(renderer.latent(renderer.plan(still)), space).values
    known = Normal.standard(before.shape[-1]) if space is Space.Z else of_w
    return float(known.log_density(found.latent.values)[0] - known.log_density(before)[0])


@torch.inference_mode()
def _scores(oracle: Predictor, images: np.ndarray) -> np.ndarray:
    """Scores [N, K] of uint8 [N, H, W, C]."""
    pixels = torch.from_numpy(images).to(oracle.device)
    return np.asarray(oracle.scores(from_pixels(pixels)).cpu().numpy())
