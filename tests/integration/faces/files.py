"""Where `make models-faces` leaves the face models and the originals."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from directrix import generators, predictors
from directrix.generators import Generator
from directrix.model_files import read_model
from directrix.population import latents
from directrix.predictors import Predictor
from directrix.types import ModelCard, Space
from directrix.zoo.faces.recipe import MEMBERS, NAMES, ORIGINALS, WORK
from directrix.zoo.model_folder import BUILT

ROOT = Path(__file__).parents[3]
MODELS = ROOT / BUILT
KEPT = ROOT / WORK / ORIGINALS
CPU = torch.device("cpu")


def missing(root: Path = ROOT) -> str:
    """What a face test lacks on this machine, or nothing."""
    wanted = [BUILT / name / "card.json" for name in NAMES]
    wanted += [WORK / ORIGINALS / new for members in MEMBERS.values() for new in members.values()]
    gone = [path for path in wanted if not (root / path).is_file()]
    if gone:
        return f"{gone[0]} and {len(gone) - 1} more are not there: run 'make models-faces'"
    return "" if shutil.which("node") else "node is not there: apt-get install nodejs"


def require(gone: str, ci: bool) -> None:
    """Skips the test where something is missing; in continuous integration that is a failure."""
    if gone and ci:
        pytest.fail(gone, pytrace=False)
    if gone:
        pytest.skip(gone)


def load_generator() -> Generator:
    return generators.build(*parts("face-generator"), CPU)


def load_predictor(name: str) -> Predictor:
    return predictors.build(*parts(name), CPU)


@torch.inference_mode()
def faces(generator: Generator, seed: int, count: int) -> torch.Tensor:
    """Samples 0 .. count of a seed: images [N, 3, 64, 64] in [-1, 1]."""
    z = torch.from_numpy(latents(seed, 0, count, generator.dimension(Space.Z)))
    return generator.synthesise(z, Space.Z)


def parts(name: str) -> tuple[ModelCard, Mapping[str, np.ndarray]]:
    """A face model's card and tensors."""
    return read_model(MODELS / name)


def pixels(images: torch.Tensor) -> np.ndarray:
    """[N, 3, H, W] in [-1, 1] -> NHWC float32 in 0..255, as the originals take them."""
    return ((images + 1) * 127.5).permute(0, 2, 3, 1).contiguous().numpy()
