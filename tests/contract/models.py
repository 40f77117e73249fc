"""One small model of every shipped architecture, for the suites that run over all of them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from pydantic import JsonValue

from directrix import foreign, generators, predictors
from directrix.archive import model_digest
from directrix.foreign import Facts, readings_of
from directrix.generators import Generator, dcgan, planted, style
from directrix.generators import linear as linear_generator
from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.predictors import (
    Predictor,
    face_attributes,
    face_identity,
    face_landmarks,
)
from directrix.predictors import linear as linear_predictor
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.predictors.segmenter import SegmenterNetwork
from directrix.types import ImageCard, ModelCard, PredictorCard, Scorer
from tests.contract.face_points import schematic
from tests.contract.onnx_files import convolutional_file

CPU = torch.device("cpu")
Arrays = Mapping[str, np.ndarray]

STYLE = StyleConfig(
    z_dim=6, w_dim=8, mapping_layers=2, channels=(7, 6, 5), image_channels=1, crop=2
)
DCGAN = {"z_dim": 10, "widths": [8, 6, 4], "image_channels": 3}
GREY = ImageCard(channels=1, height=12, width=12)
CONVOLUTIONAL = {"blocks": [[4, 4], [6]], "hidden": 5}
CLASSES = ("shirt", "boot", "bag")
SEGMENTER = {"widths": [4, 6, 8]}
FACE = ImageCard(channels=3, height=16, width=16)
LANDMARKS = {"side": 24, "widths": [4, 6], "mirror": True}
ATTRIBUTES = {"side": 24, "body": [4, 5, 6, 7, 8], "middle": 1, "expression": [4, 6]}
IDENTITY = {"side": 40, "widths": [4, 6], "depths": [1, 1]}


def with_digest(card: ModelCard, arrays: Arrays) -> ModelCard:
    return card.model_copy(update={"digest": model_digest(card, arrays)})


def state(network: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}


def style_arrays(config: StyleConfig = STYLE) -> dict[str, np.ndarray]:
    """Random weights, with noise that shows and a centre away from the origin."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        arrays = state(StyleNetwork(config))
        arrays["mapping.w_avg"] = torch.randn(config.w_dim).numpy()
    for name in arrays:
        if name.endswith("strength"):
            arrays[name] = np.array(0.3, np.float32)
    return arrays


def style_model() -> tuple[ModelCard, Arrays]:
    return style.card(STYLE, name="small-style"), style_arrays()


def dcgan_model() -> tuple[ModelCard, Arrays]:
    arrays = dcgan.random_arrays(DCGAN, seed=2)
    strong = {name: 10 * a for name, a in arrays.items() if a.ndim == 4}
    return dcgan.card(DCGAN, name="small-dcgan"), arrays | strong


def linear_model() -> tuple[ModelCard, Arrays]:
    arrays, _ = linear_generator.planted([4.0, 2.0, 1.0], pixels=144, seed=3)
    return linear_generator.card("planted", GREY, z_dim=3), arrays


def mapped_linear_model() -> tuple[ModelCard, Arrays]:
    arrays, _ = linear_generator.planted([4.0, 2.0, 1.0], pixels=144, seed=3)
    mapping = np.array([[0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0.5, 0.5]], np.float32)
    card = linear_generator.card("planted-w", GREY, z_dim=4, w_dim=3)
    return card, {**arrays, "M": mapping}


def planted_model() -> tuple[ModelCard, Arrays]:
    """Brightness at the level, patch and tint over the style-based generator: all four spaces."""
    return planted.plant(*style_model())


def planted_colour_model() -> tuple[ModelCard, Arrays]:
    return planted.plant(*dcgan_model(), ("tint", "brightness"))


GENERATORS: dict[str, Callable[[], tuple[ModelCard, Arrays]]] = {
    "style": style_model,
    "dcgan": dcgan_model,
    "linear": linear_model,
    "linear-w": mapped_linear_model,
    "planted": planted_model,
    "planted-colour": planted_colour_model,
}


def generator(name: str) -> Generator:
    card, arrays = GENERATORS[name]()
    return generators.build(with_digest(card, arrays), arrays, CPU)


def convolutional_model(image: ImageCard = GREY) -> tuple[ModelCard, Arrays]:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        arrays = state(ConvolutionalNetwork(CONVOLUTIONAL, image, len(CLASSES)))
    card = PredictorCard(
        name="small-classifier",
        architecture="convolutional",
        config=CONVOLUTIONAL,
        image=image,
        scorers=tuple(Scorer(name=name) for name in CLASSES),
    )
    return card, arrays


def linear_predictor_model() -> tuple[ModelCard, Arrays]:
    arrays = linear_predictor.reading(linear_model()[1], np.eye(3)[:2])
    return linear_predictor.card("reader", GREY, ("first", "second")), arrays


def segmenter_model() -> tuple[ModelCard, Arrays]:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        arrays = state(SegmenterNetwork(SEGMENTER, GREY, len(CLASSES)))
    card = PredictorCard(
        name="small-segmenter",
        architecture="segmenter",
        config=SEGMENTER,
        image=GREY,
        task="segmenter",
        scorers=tuple(Scorer(name=name) for name in CLASSES),
    )
    return card, arrays


def landmarks_model() -> tuple[ModelCard, Arrays]:
    """Points of a drawn face that the picture moves a little."""
    card = _face_card("face-landmarks", LANDMARKS, face_landmarks.SCORERS)
    config = face_landmarks.Config.model_validate(LANDMARKS)
    arrays = _random(lambda: face_landmarks.LandmarkNetwork(config), seed=6)
    return card, {**arrays, "points.bias": schematic().astype(np.float32).ravel()}


def attributes_model() -> tuple[ModelCard, Arrays]:
    card = _face_card("face-attributes", ATTRIBUTES, face_attributes.SCORERS)
    config = face_attributes.Config.model_validate(ATTRIBUTES)
    return card, _random(lambda: face_attributes.AttributeNetwork(config), seed=7)


def identity_model() -> tuple[ModelCard, Arrays]:
    card = _face_card("face-identity", IDENTITY, tuple(f"d{i}" for i in range(5)))
    config = face_identity.Config.model_validate(IDENTITY)
    return card, _random(lambda: face_identity.IdentityNetwork(config, 5), seed=8)


def onnx_model(image: ImageCard = GREY) -> tuple[ModelCard, Arrays]:
    """The convolutional classifier as somebody else's file."""
    own, weights = convolutional_model(image)
    shape = ("n", image.channels, image.height, image.width)
    data = convolutional_file(weights, CONVOLUTIONAL["blocks"], shape)
    facts = Facts(
        name="small-onnx",
        scorers=own.scorers,
        readings=readings_of("logits", len(own.scorers)),
    )
    return foreign.onnx_model(data, facts)


def _face_card(
    architecture: str, config: Mapping[str, JsonValue], names: Sequence[str]
) -> ModelCard:
    return PredictorCard(
        name=f"small-{architecture}",
        architecture=architecture,
        config=dict(config),
        image=FACE,
        task="regressor",
        scorers=tuple(Scorer(name=name) for name in names),
    )


def _random(build: Callable[[], torch.nn.Module], seed: int) -> dict[str, np.ndarray]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return state(build())


PREDICTORS: dict[str, Callable[[], tuple[ModelCard, Arrays]]] = {
    "convolutional": convolutional_model,
    "face-attributes": attributes_model,
    "face-identity": identity_model,
    "face-landmarks": landmarks_model,
    "linear": linear_predictor_model,
    "onnx": onnx_model,
    "segmenter": segmenter_model,
}


def predictor(name: str) -> Predictor:
    card, arrays = PREDICTORS[name]()
    return predictors.build(with_digest(card, arrays), arrays, CPU)
