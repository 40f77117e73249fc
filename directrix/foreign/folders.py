"""Foreign predictors -> card and tensors of a model folder. Nothing is run; torch is not needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from directrix.archive import model_digest
from directrix.errors import InvalidField
from directrix.foreign.checks import GRAPH, check_onnx, check_remote
from directrix.foreign.config import Reading
from directrix.foreign.onnx_graph import UINT8, OnnxGraph, Value, read_graph
from directrix.types import ImageCard, PredictorCard, Scorer

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Facts:
    """What a file or a service does not say of itself.

    name: of the model. scorers and readings: one of each a score. image: the pictures that the
    predictor is asked about; of an ONNX graph of a fixed size None takes the graph's own.
    size: (height, width) that pictures are made into, where it is another. The rest is
    `ForeignConfig`'s.
    """

    name: str
    scorers: tuple[Scorer, ...]
    readings: tuple[Reading, ...]
    image: ImageCard | None = None
    task: Literal["classifier", "regressor"] = "classifier"
    channels: Literal[1, 3] | None = None
    size: tuple[int, int] | None = None
    layout: Literal["nchw", "nhwc"] = "nchw"
    range: tuple[float, float] = (-1.0, 1.0)
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    title: str = ""

    def config(self, source: str, kind: str) -> dict[str, object]:
        """The part of a config that both kinds share; what is as by default is left out."""
        found: dict[str, object] = {
            "input": source,
            "layout": self.layout,
            "low": self.range[0],
            "high": self.range[1],
            "readings": [reading.model_dump(mode="json") for reading in self.readings],
        }
        optional = {
            "channels": self.channels,
            "height": self.size and self.size[0],
            "width": self.size and self.size[1],
            "mean": list(self.mean),
            "deviation": list(self.deviation),
        }
        found |= {key: value for key, value in optional.items() if value}
        return found if kind == "float32" else {**found, "kind": kind}


def onnx_model(data: bytes, facts: Facts) -> tuple[PredictorCard, Arrays]:
    """Of an ONNX file with one input. Raises ModelInvalid, InvalidField."""
    graph = read_graph(data)
    source, value = _input(graph)
    config = facts.config(source, "uint8" if value.element == UINT8 else "float32")
    image = facts.image or _image(value, facts.layout)
    return _checked("onnx", config, image, facts, {GRAPH: np.frombuffer(data, np.uint8)})


def remote_model(
    alias: str, model: str, version: str, source: str, facts: Facts
) -> tuple[PredictorCard, Arrays]:
    """Of a service's model; source: name of its input. Raises ModelInvalid, InvalidField."""
    if facts.image is None:
        raise InvalidField("a remote predictor does not say which pictures it reads", field="image")
    config = facts.config(source, "float32")
    config |= {"alias": alias, "model": model, "version": version}
    return _checked("remote", config, facts.image, facts, {})


def outputs_of(data: bytes) -> tuple[str, ...]:
    """Names of a file's outputs, in their order. Raises ModelInvalid."""
    return read_graph(data).outputs


def readings_of(output: str, count: int) -> tuple[Reading, ...]:
    """The columns of one output, in their order."""
    return tuple(Reading(output=output, column=column) for column in range(count))


def _checked(
    architecture: str, config: dict[str, object], image: ImageCard, facts: Facts, arrays: Arrays
) -> tuple[PredictorCard, Arrays]:
    card = PredictorCard.model_validate(
        {
            "name": facts.name,
            "title": facts.title,
            "architecture": architecture,
            "config": config,
            "image": image,
            "task": facts.task,
            "scorers": facts.scorers,
            "differentiable": False,
        }
    )
    (check_onnx if architecture == "onnx" else check_remote)(card, arrays)
    return card.model_copy(update={"digest": model_digest(card, arrays)}), arrays


def _input(graph: OnnxGraph) -> tuple[str, Value]:
    if len(graph.inputs) != 1:
        raise InvalidField(
            f"a graph has one input, the picture; this one has {', '.join(graph.inputs)[:200]}",
            field="file",
        )
    return next(iter(graph.inputs.items()))


def _image(value: Value, layout: str) -> ImageCard:
    """Pictures of the graph's own size."""
    sides: Sequence[int | None] = value.shape[1:]
    if len(sides) != 3 or None in sides:
        raise InvalidField("the graph leaves the size of pictures open: say it", field="image")
    channels, height, width = sides if layout == "nchw" else (sides[2], sides[0], sides[1])
    if channels not in (1, 3):
        raise InvalidField(
            f"pictures have 1 or 3 channels, not {channels}: is the layout another?", field="layout"
        )
    return ImageCard.model_validate({"channels": channels, "height": height, "width": width})
