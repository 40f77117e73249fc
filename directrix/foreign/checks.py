"""Whether card and tensors of a foreign predictor belong together, as far as can be told without
running anything: asked when a model is registered and again whenever it is loaded.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from directrix.card_config import read_config
from directrix.errors import ModelInvalid
from directrix.foreign.config import ForeignConfig, OnnxConfig, RemoteConfig
from directrix.foreign.onnx_graph import FLOAT32, UINT8, OnnxGraph, read_graph
from directrix.types import ModelCard, PredictorCard

GRAPH = "graph"
"""The tensor that holds the file of an ONNX model, uint8 [bytes]."""
ELEMENTS = {"float32": FLOAT32, "uint8": UINT8}


class Size(NamedTuple):
    """Of the pictures that a foreign predictor takes."""

    channels: int
    height: int
    width: int


def check_foreign(card: ModelCard, arrays: Mapping[str, np.ndarray]) -> None:
    """Raises ModelInvalid. Cards of other architectures are left to their adapters."""
    if isinstance(card, PredictorCard):
        if card.architecture == "onnx":
            check_onnx(card, arrays)
        elif card.architecture == "remote":
            check_remote(card, arrays)


def check_onnx(
    card: PredictorCard, arrays: Mapping[str, np.ndarray]
) -> tuple[OnnxConfig, OnnxGraph, bytes]:
    """Config, what the graph says of itself, and the file. Raises ModelInvalid."""
    config = read_config(OnnxConfig, card.config)
    _check_card(card, config)
    _check_names(arrays, (GRAPH,))
    tensor = arrays[GRAPH]
    if tensor.ndim != 1 or tensor.dtype != np.uint8:
        raise ModelInvalid(
            f"tensor {GRAPH!r} is {tensor.dtype.name} {list(tensor.shape)}, not a file's bytes",
            tensor=GRAPH,
        )
    data = tensor.tobytes()
    try:
        graph = read_graph(data)
    except ModelInvalid as error:
        raise ModelInvalid(f"tensor {GRAPH!r}: {error.message}", **error.metadata) from error
    _check_graph(graph, config, size_of(card, config))
    return config, graph, data


def check_remote(card: PredictorCard, arrays: Mapping[str, np.ndarray]) -> RemoteConfig:
    """Raises ModelInvalid."""
    config = read_config(RemoteConfig, card.config)
    _check_card(card, config)
    _check_names(arrays, ())
    return config


def size_of(card: PredictorCard, config: ForeignConfig) -> Size:
    """What the picture is made into: its own size, where the config says no other."""
    own = card.image
    return Size(
        config.channels or own.channels, config.height or own.height, config.width or own.width
    )


def _check_card(card: PredictorCard, config: ForeignConfig) -> None:
    if card.differentiable:
        raise ModelInvalid(
            f"a predictor of architecture {card.architecture} gives no gradients: its card says "
            '"differentiable": false'
        )
    if len(config.readings) != len(card.scorers):
        raise ModelInvalid(
            f"the card names {len(card.scorers)} scorers and {len(config.readings)} readings"
        )
    channels = size_of(card, config).channels
    for name, values in (("mean", config.mean), ("deviation", config.deviation)):
        if len(values) not in (0, 1, channels):
            raise ModelInvalid(f"the model card is wrong at config.{name}: one value a channel")


def _check_names(arrays: Mapping[str, np.ndarray], wanted: tuple[str, ...]) -> None:
    for name in wanted:
        if name not in arrays:
            raise ModelInvalid(f"tensor {name!r} is missing", tensor=name)
    for name in sorted(arrays):
        if name not in wanted:
            raise ModelInvalid(f"tensor {name!r} is not part of this architecture", tensor=name)


def _check_graph(graph: OnnxGraph, config: OnnxConfig, size: Size) -> None:
    others = [name for name in graph.inputs if name != config.input]
    if others or config.input not in graph.inputs:
        raise ModelInvalid(
            f"the card names the one input {config.input!r}, the graph has "
            f"{', '.join(graph.inputs)[:200]}"
        )
    for reading in config.readings:
        if reading.output not in graph.outputs:
            raise ModelInvalid(
                f"the graph has no output {reading.output!r}: it has "
                f"{', '.join(graph.outputs)[:200]}"
            )
    value = graph.inputs[config.input]
    if value.element != ELEMENTS[config.kind]:
        raise ModelInvalid(f"the graph's input is of another type than {config.kind}")
    nchw = config.layout == "nchw"
    wanted = size if nchw else (size.height, size.width, size.channels)
    found = value.shape[1:]
    if len(value.shape) != 4 or any(a not in (None, b) for a, b in zip(found, wanted, strict=True)):
        raise ModelInvalid(
            f"the graph's input is {_told(value.shape)}, the card makes "
            f"{_told((None, *wanted))} of a picture"
        )


def _told(shape: tuple[int | None, ...]) -> str:
    return " x ".join("N" if side is None else str(side) for side in shape) or "a single number"
