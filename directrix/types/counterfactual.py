"""Counterfactuals: the smallest meaningful change that flips a classifier, or why there is none."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from directrix.types.latent import Latent, Space
from directrix.types.recipe import Move, Recipe


class Status(StrEnum):
    FOUND = "found"
    NOT_FOUND = "not_found"
    ALREADY_TARGET = "already_target"


@dataclass(frozen=True)
class MovedFinding:
    """One finding that the counterfactual moves, and by how many SD of the population.

    index: its position in the finding set. contribution: its Shapley value, what it added to the
    margin; None where nobody has told. Where no finding but the latent itself was moved: space, and
    where that was one coordinate of it, index, the channel's layer and its number in that layer;
    without a layer all of the latent was moved, by alpha SD along uncorrelated axes.
    """

    index: int
    alpha: float
    contribution: float | None = None
    space: Space | None = None
    layer: str = ""
    channel: int = 0


@dataclass(frozen=True)
class CurvePoint:
    """The classifier along the path: how far (in SD) and target minus best other logit."""

    distance: float
    margin: float


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """The answer to "what is the least that would have changed its mind?".

    For NOT_FOUND everything describes the best attempt and `cause` says why it ended.
    recipe: renders to the bytes of `image`; moves: those in it. images: uint8 [H, W, C]. scores:
    [K], of all predictors of the renderer. margins: target logit minus the best other logit.
    oracle_agrees is None where no oracle was named. pixel_l1: mean absolute difference in grey
    levels (0..255). reconstruction_error: mean squared error in [-1, 1]
    of the inverted source image, and reconstruction_label_kept: whether the classifier says the
    same of it; both None where the source was no image.
    log_density_change: of the latent, in nats; None where nobody has told or its space has no
    density. views: how many slightly changed pictures of the answer were looked at, views_agree:
    the share of which the classifier says the target, oracle_views_agree: of which the oracle does.
    """

    status: Status
    cause: str
    original: np.ndarray
    image: np.ndarray
    latent: Latent
    recipe: Recipe
    moves: tuple[Move, ...]
    moved: tuple[MovedFinding, ...]
    source_class: str
    target_class: str
    margin_before: float
    margin_after: float
    probability_before: float
    probability_after: float
    curve: tuple[CurvePoint, ...]
    scores_before: np.ndarray
    scores_after: np.ndarray
    oracle_agrees: bool | None
    distance_sd: float
    pixel_l1: float
    reconstruction_error: float | None
    reconstruction_label_kept: bool | None
    generator_calls: int
    classifier_calls: int
    log_density_change: float | None = None
    views: int = 0
    views_agree: float | None = None
    oracle_views_agree: float | None = None
