"""The bundled Fashion-MNIST models, near and behind a gateway."""

import torch

from directrix import generators, predictors
from directrix.archive import unpack_model
from directrix.client import Client
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.zoo.model_folder import BUNDLED

GENERATOR, CLASSIFIER, ORACLE = "fashion-generator", "fashion-classifier", "fashion-oracle"
ROBUST = "fashion-robust-oracle"


def files(name: str) -> tuple[str, bytes]:
    """A model's card and tensors."""
    folder = BUNDLED / name
    return (folder / "card.json").read_text(), (folder / "model.safetensors").read_bytes()


def register(client: Client, *names: str) -> None:
    for name in names:
        client.register_model(name, *files(name))


def load() -> tuple[Generator, Predictor]:
    """Generator and classifier in this process."""
    return load_generator(GENERATOR), load_predictor(CLASSIFIER)


def load_generator(name: str) -> Generator:
    return generators.build(*unpack_model(*files(name)), torch.device("cpu"))


def load_predictor(name: str) -> Predictor:
    return predictors.build(*unpack_model(*files(name)), torch.device("cpu"))
