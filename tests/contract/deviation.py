"""How far a model's answers on one device and in one precision lie from the CPU's in float32.

Every architecture: the small models of the contract suites, and the bundled ones.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor

from directrix import generators, predictors
from directrix.archive import unpack_model
from directrix.batches import BATCH
from directrix.generators import Generator
from directrix.population import latents
from directrix.predictors import Predictor
from directrix.types import GeneratorCard, ModelCard, Space
from directrix.zoo.model_folder import BUNDLED
from tests.contract.models import CPU, GENERATORS, PREDICTORS, Arrays, with_digest

SMALL = {**GENERATORS, **PREDICTORS}
NAMES = (*SMALL, *sorted(folder.name for folder in BUNDLED.iterdir() if folder.is_dir()))

Network = Generator | Predictor
Precision = Callable[[torch.device], AbstractContextManager[object]]


def float32(device: torch.device) -> AbstractContextManager[object]:
    return nullcontext()


def bfloat16(device: torch.device) -> AbstractContextManager[object]:
    """As previews are drawn."""
    return torch.autocast(device.type, torch.bfloat16)


def build(name: str, device: torch.device) -> Network:
    """One of NAMES."""
    card, arrays = _files(name)
    if isinstance(card, GeneratorCard):
        return generators.build(card, arrays, device)
    return predictors.build(card, arrays, device)


def rows_for(network: Network, count: int = BATCH) -> Tensor:
    """Latents in Z, or pictures in [-1, 1], on the network's device."""
    if isinstance(network, Generator):
        found = torch.from_numpy(latents(11, 0, count, network.dimension(Space.Z)))
        return found.to(network.device)
    image = network.card.image
    chance = torch.Generator().manual_seed(11)
    shape = (count, image.channels, image.height, image.width)
    return (torch.rand(shape, generator=chance) * 2 - 1).to(network.device)


def call(network: Network, precision: Precision = float32) -> Callable[[Tensor], Tensor]:
    """Rows -> what it makes of them, in float32 again."""

    def answer(rows: Tensor) -> Tensor:
        with precision(network.device):
            if isinstance(network, Generator):
                return network.synthesise(rows, Space.Z).float()
            return network.scores(rows).float()

    return answer


@torch.inference_mode()
def answers(network: Network, precision: Precision = float32, count: int = BATCH) -> np.ndarray:
    return call(network, precision)(rows_for(network, count)).cpu().numpy()


def deviation(name: str, device: torch.device, precision: Precision) -> float:
    """The root mean square of the difference to the CPU's float32, in SDs of the CPU's answers."""
    wanted = answers(build(name, CPU))
    return apart(wanted, answers(build(name, device), precision))


def apart(wanted: np.ndarray, found: np.ndarray) -> float:
    """Root mean square of the difference, in SDs of what was wanted over all its values."""
    return float(np.sqrt(np.mean((found - wanted) ** 2)) / wanted.std())


def _files(name: str) -> tuple[ModelCard, Arrays]:
    if name in SMALL:
        card, arrays = SMALL[name]()
        return with_digest(card, arrays), arrays
    folder = BUNDLED / name
    text = (folder / "card.json").read_text()
    return unpack_model(text, (folder / "model.safetensors").read_bytes())
