"""What the client returns: small frozen values. Arrays are NumPy's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from directrix.client.errors import OperationFailed
from directrix.client.names import short
from directrix.client.pictures import Picture, encode_png
from directrix.v1 import values_pb2

if TYPE_CHECKING:
    from directrix.types import CurvePoint, FindingSet, Latent, MovedFinding, Status

Scores = Mapping[str, Mapping[str, float]]
"""Predictor's name -> scorer -> value."""


@dataclass(frozen=True)
class Model:
    """A registered model. `card` is its model card as JSON values."""

    name: str
    digest: str
    kind: str
    """"generator", "predictor" or "encoder"."""
    card: Mapping[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return short(self.name)

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names of a predictor's scorers, in the order of its outputs; a generator has none."""
        return tuple(scorer["name"] for scorer in self.card.get("scorers", ()))


@dataclass(frozen=True)
class Method:
    """A discovery method that the workers offer."""

    name: str
    description: str
    version: str
    needs: tuple[str, ...]
    schema: Mapping[str, Any] = field(repr=False)
    """JSON Schema of its parameters."""


Priority = Literal["low", "normal", "high"]


@dataclass(frozen=True)
class Costs:
    """seconds: of workers' time; images: rendered or scored; memory_mb: of a worker's process."""

    seconds: float = 0.0
    images: int = 0
    memory_mb: int = 0


@dataclass(frozen=True)
class Failure:
    """Why an attempt ended before its end."""

    attempt: int
    reason: str
    message: str


@dataclass(frozen=True)
class Estimate:
    """What a job will cost, as `jobs` jobs like it did: seconds of workers' time, with those of the
    fastest and the slowest, scaled alike. seconds_error: how far such estimates of those jobs were
    off, as a share of their time; None where there is only one."""

    seconds: float
    seconds_low: float
    seconds_high: float
    images: int
    memory_mb: int
    jobs: int
    seconds_error: float | None


@dataclass(frozen=True)
class Progress:
    """How a discovery stands: `done` of `total` units of `stage`; total 0 where unknown."""

    state: str
    """"queued", "running", "waiting_retry", "cancelling", "succeeded", "failed", "cancelled"."""
    stage: str
    done: int
    total: int
    note: str
    attempt: int
    method: str
    generator: str
    seconds: float
    """From when the job was accepted to when its record last changed."""
    costs: Costs = Costs()
    failures: tuple[Failure, ...] = ()
    """The last attempts that ended before their end, the oldest first."""
    finding_set: str = ""
    """The name of what a discovery has fitted, once it has: its scorecard may be missing yet."""


@dataclass(frozen=True)
class Discovery:
    """What a discovery ended with."""

    finding_set: str
    digest: str
    finding_count: int
    scored: bool


@dataclass(frozen=True)
class TrainedEncoder:
    """What the training of an encoder ended with; its card holds its errors."""

    model: str
    digest: str


@dataclass(frozen=True)
class Audited:
    """What an audit ended with. accused_count: None where nobody has said what it may rely on."""

    audit: str
    digest: str
    finding_count: int
    accused_count: int | None


Result = Discovery | TrainedEncoder | Audited


@dataclass(frozen=True)
class Job:
    """A long-running operation as it stands. `result` where it succeeded, `error` where not."""

    name: str
    done: bool
    progress: Progress
    result: Result | None = None
    error: OperationFailed | None = None

    @property
    def id(self) -> str:
        return short(self.name)


@dataclass(frozen=True, eq=False)
class StoredFindings:
    """A stored finding set. `value` holds no findings where it was asked for without arrays."""

    name: str
    digest: str
    count: int
    value: FindingSet = field(repr=False)

    @property
    def id(self) -> str:
        return short(self.name)


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Relied:
    """How far a classifier's answers hang on one finding: `directrix.types.Reliance`, in short."""

    finding_set: str
    index: int
    title: str
    variation: Figure
    flips: Figure
    beyond: Figure
    accused: bool | None


@dataclass(frozen=True)
class StoredAudit:
    """A stored audit without its further tables, which are in its JSON document.

    accused: how many findings; None where nobody has said what it may rely on. span: "inside",
    "outside" or "untold". documents: the sha256 of each by format. reliance: empty in lists.
    """

    name: str
    digest: str
    generator: str
    classifier: str
    finding_sets: tuple[str, ...]
    samples: int
    findings: int
    accused: int | None
    span: str
    specification: Mapping[str, Any] = field(repr=False)
    documents: Mapping[str, str] = field(repr=False)
    reliance: tuple[Relied, ...] = field(repr=False)

    @property
    def id(self) -> str:
        return short(self.name)


@dataclass(frozen=True, eq=False)
class Edited(Picture):
    """An edited picture with the scores of its own bytes and the recipe that makes it."""

    scores: Scores
    recipe: values_pb2.Recipe = field(repr=False)


@dataclass(frozen=True)
class StreamedEdit:
    """One answer of a stream; `dropped` recipes were overtaken by newer ones since the last."""

    sequence: int
    edited: Edited
    dropped: int


@dataclass(frozen=True, eq=False)
class Frame(Picture):
    """One frame of a filmstrip."""

    alpha: float
    scores: Scores


@dataclass(frozen=True, eq=False)
class Filmstrip:
    """A recipe at several strengths of one finding."""

    frames: tuple[Frame, ...]

    def sheet(self, gap: int = 2) -> np.ndarray:
        """All frames side by side on white: uint8 [H, W, C]."""
        first = self.frames[0].image
        space = np.full((first.shape[0], gap, first.shape[2]), 255, np.uint8)
        parts = [part for frame in self.frames for part in (frame.image, space)]
        return np.concatenate(parts[:-1], axis=1)

    def _repr_png_(self) -> bytes:
        return encode_png(self.sheet())


@dataclass(frozen=True)
class LabelVerdict:
    """What a classifier says of a picture and of its reconstruction."""

    classifier: str
    label: str
    reconstruction_label: str
    label_kept: bool


@dataclass(frozen=True, eq=False)
class Inversion:
    """The latent of a picture and what the generator makes of it; error: MSE in [-1, 1].

    noise_error: the error with the optimised noise inputs; None where none were optimised.
    """

    latent: Latent
    reconstruction: Picture
    error: float
    verdicts: tuple[LabelVerdict, ...] = ()
    noise_error: float | None = None


@dataclass(frozen=True)
class ScoreChange:
    """What else a counterfactual changed: a score before and after, and the change in SD."""

    predictor: str
    scorer: str
    before: float
    after: float
    change_sd: float


@dataclass(frozen=True, eq=False)
class ExplanationProgress:
    """How near a search is: images so far, and of the nearest attempt the margin, the target's
    probability, whether it is an answer, and the picture; None where it is the one before.
    """

    images: int
    margin: float
    probability: float
    reached: bool
    image: Picture | None


@dataclass(frozen=True, eq=False)
class Explanation:
    """What would have changed a classifier's mind; for NOT_FOUND the best attempt and why.

    margins: target logit minus the best other. distance_sd: root of the sum of squared alphas.
    pixel_l1: mean absolute difference of the pixels, 0 to 255. oracle_agrees: None where no
    oracle was named. reconstruction_error, reconstruction_label_kept: of the inversion of the
    source; None where it was no picture. changes: of every score of the predictors that held any;
    attribute_dependency_mean, _max: of |SD| over all of them but the target's and the source's.
    difference: warm where brighter, cool where darker. log_density_change: in nats, below 0 where
    less usual. views: slightly changed pictures of the answer; views_agree, oracle_views_agree: the
    shares of them that are still taken for the target. alternatives: further answers, each by other
    findings.
    """

    status: Status
    cause: str
    original: Picture
    image: Picture
    recipe: values_pb2.Recipe = field(repr=False)
    moved: tuple[MovedFinding, ...]
    source_class: str
    target_class: str
    margin_before: float
    margin_after: float
    probability_before: float
    probability_after: float
    curve: tuple[CurvePoint, ...] = field(repr=False)
    oracle_agrees: bool | None
    distance_sd: float
    pixel_l1: float
    generator_calls: int
    classifier_calls: int
    reconstruction_error: float | None
    reconstruction_label_kept: bool | None
    sentence: str
    changes: tuple[ScoreChange, ...]
    attribute_dependency_mean: float | None
    attribute_dependency_max: float | None
    difference: Picture = field(repr=False)
    log_density_change: float | None
    views: int
    views_agree: float | None
    oracle_views_agree: float | None
    alternatives: tuple[Explanation, ...] = field(repr=False)

    def _repr_png_(self) -> bytes:
        both = (self.original.image, self.image.image)
        return encode_png(np.concatenate(both, axis=1))
