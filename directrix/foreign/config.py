"""Configs of the cards of predictors that were not made here: an ONNX graph, a remote service.

They say how a picture becomes what the classifier wants to see, and which of the numbers that it
answers with are its scores.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from directrix.card_config import AdapterConfig

Word = Annotated[str, Field(min_length=1, max_length=200)]
Side = Annotated[int, Field(ge=1, le=4096)]
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class Reading(AdapterConfig):
    """One scorer: `sign` times column `column` of the output `output` [N, columns] or [N]."""

    output: Word
    column: int = Field(ge=0, le=65535, default=0)
    sign: Literal[-1, 1] = 1


class ForeignConfig(AdapterConfig):
    """input: name of the input. layout, channels, height, width: of the batch that it takes; left
    out, they are the picture's own. low, high: black and white; then `mean` is taken off and what
    is left divided by `deviation`, by channel. kind: its type; as uint8 values are rounded.
    readings: one a scorer of the card, in their order.
    """

    input: Word
    layout: Literal["nchw", "nhwc"] = "nchw"
    channels: Literal[1, 3] | None = None
    height: Side | None = None
    width: Side | None = None
    low: Number = -1.0
    high: Number = 1.0
    mean: tuple[Number, ...] = ()
    deviation: tuple[Annotated[float, Field(gt=1e-6, le=1e6)], ...] = ()
    kind: Literal["float32", "uint8"] = "float32"
    readings: tuple[Reading, ...] = Field(min_length=1, max_length=4096)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.low >= self.high:
            raise ValueError("low is below high")
        for name, values in (("mean", self.mean), ("deviation", self.deviation)):
            if len(values) not in (0, 1, self.channels or len(values)):
                raise ValueError(f"{name} has one value, or one a channel")
        if self.kind == "uint8" and (
            self.mean or self.deviation or self.low < 0 or self.high > 255
        ):
            raise ValueError("values of kind uint8 lie in 0..255, as they are")
        return self


class OnnxConfig(ForeignConfig):
    """config of a card whose architecture is "onnx"; the file is its tensor "graph", uint8."""


class RemoteConfig(ForeignConfig):
    """config of a card whose architecture is "remote"; it has no tensors.

    alias: what the operator's settings know the service by; cards hold no addresses. model,
    version: what the service calls the model; it has to answer as this very version.
    """

    alias: str = Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
    model: Word
    version: Word
