"""Model cards: what card.json says of the tensors in the same model folder."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from directrix.types.latent import Space


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class ScoreKind(StrEnum):
    LOGIT = "logit"
    PROBABILITY = "probability"
    VALUE = "value"
    TRUST = "trust"
    """Above 0 where the predictor can read the picture at all: elsewhere its scores mean nothing.
    Scorecards leave such pictures out, and report how many are left."""


class Scorer(_Value):
    """A named scalar of a predictor; higher means more of what it is named after."""

    name: str
    kind: ScoreKind = ScoreKind.LOGIT
    unit: str = "logit"


class SpaceCard(_Value):
    """One latent space: [dimension], or [layers, dimension] where layers > 1."""

    space: Space
    dimension: int = Field(ge=1)
    layers: int = Field(ge=1, default=1)


class ImageCard(_Value):
    """Layout N x C x H x W, float32; the network's values lie in about [low, high]."""

    channels: Literal[1, 3]
    height: int = Field(ge=1, le=4096)
    width: int = Field(ge=1, le=4096)
    low: float = -1.0
    high: float = 1.0


class LayerCard(_Value):
    """A feature layer [channels, height, width], in the order of computation."""

    name: str
    channels: int
    height: int
    width: int


class Metric(_Value):
    """A measured figure and the ruler it was measured with."""

    name: str
    value: float
    judge: str


class _Card(_Value):
    name: str = Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
    title: str = ""
    architecture: str
    """Name of the adapter file that reads the tensors."""
    config: dict[str, JsonValue] = {}
    """The adapter's own settings: widths, depths."""
    image: ImageCard
    training_data: str = ""
    licence: str = ""
    notes: str = ""
    metrics: tuple[Metric, ...] = ()
    digest: str = ""
    """sha256 over tensors and the functional part of the card; checked at every load."""


class GeneratorCard(_Card):
    kind: Literal["generator"] = "generator"
    spaces: tuple[SpaceCard, ...]
    truncation: float = 1.0
    """Suggested psi for display; the population is always taken at its own."""
    layers: tuple[LayerCard, ...] = ()
    """Layers whose features can be read and edited."""


class PredictorCard(_Card):
    kind: Literal["predictor"] = "predictor"
    task: Literal["classifier", "regressor", "segmenter", "embedder"] = "classifier"
    scorers: tuple[Scorer, ...]
    """In the order of the network's outputs: a classifier's classes, a segmenter's parts."""
    differentiable: bool = Field(default=True, exclude_if=bool)
    """Whether explainers and methods may ask for gradients; false makes it a black box. Written
    down only where it is false, so that other cards keep their digests."""


class EncoderCard(_Card):
    """Of an encoder: images of `generator`'s layout -> its latents in `space`."""

    kind: Literal["encoder"] = "encoder"
    generator: str = Field(pattern=r"^[0-9a-f]{64}$")
    """The digest of the generator that it inverts."""
    space: Space


ModelCard = Annotated[GeneratorCard | PredictorCard | EncoderCard, Field(discriminator="kind")]

PROSE = {"name", "title", "training_data", "licence", "notes", "metrics", "digest"}
"""Fields that do not count for the digest: two models that differ only in these are one."""
