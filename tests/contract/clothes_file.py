"""The bundled classifier of clothes as somebody else's ONNX file."""

from directrix.foreign import Facts, readings_of
from directrix.model_files import read_model
from tests.conftest import ROOT
from tests.contract.onnx_files import convolutional_file

FOLDER = ROOT / "directrix/zoo/models/fashion-classifier"


def clothes_file() -> bytes:
    """Images [n, 1, 28, 28] in [-1, 1], the input "x" -> "logits" [n, 10]."""
    card, arrays = read_model(FOLDER)
    return convolutional_file(arrays, card.config["blocks"], ("n", 1, 28, 28))


def clothes_facts(name: str = "clothes") -> Facts:
    card, _ = read_model(FOLDER)
    return Facts(name, card.scorers, readings_of("logits", len(card.scorers)))
