"""Directrix's face networks beside the originals in JavaScript, on the same pixels."""

import json
import subprocess
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.predictors import face_attributes, face_identity, face_landmarks
from directrix.predictors.face_layers import load_last as load
from directrix.types import PredictorCard
from tests.integration.faces.files import CPU, KEPT, faces, load_generator, parts

SCRIPT = Path(__file__).with_name("original.mjs")
SMALL, LARGE = 112, 150
OUTPUTS = ("landmarks", "age", "gender", "expression", "descriptor")


def inputs(count: int, seed: int = 11) -> tuple[Tensor, Tensor]:
    """Pixels [2 count, 3, side, side] in 0..255 of both sides: generated faces, and blots."""
    made = (faces(load_generator(), seed, count).clamp(-1, 1) + 1) * 127.5
    chance = torch.Generator().manual_seed(seed)
    blots = torch.rand(count, 3, 9, 9, generator=chance) * 255
    return enlarged(made, blots, SMALL), enlarged(made, blots, LARGE)


def enlarged(made: Tensor, blots: Tensor, side: int) -> Tensor:
    both = [F.interpolate(x, (side, side), mode="bilinear") for x in (made, blots)]
    return torch.cat(both).clamp(0, 255).contiguous()


def originals(small: Tensor, large: Tensor) -> dict[str, np.ndarray]:
    """What the original networks answer, run in Node: output -> [N, ...] float64."""
    data = b"".join(
        pixels.permute(0, 2, 3, 1).contiguous().numpy().astype("<f4").tobytes()
        for pixels in (small, large)
    )
    done = subprocess.run(
        ["node", "--no-warnings", str(SCRIPT), str(KEPT.resolve()), str(len(small))],
        input=data,
        capture_output=True,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"the original has failed: {done.stderr.decode()[-500:]}")
    return {name: np.array(value) for name, value in json.loads(done.stdout).items()}


@torch.inference_mode()
def ported(small: Tensor, large: Tensor) -> dict[str, np.ndarray]:
    """What Directrix's networks answer, the same way."""
    card, arrays = parts("face-landmarks")
    landmarks = face_landmarks.Config.model_validate(card.config)
    points = load(lambda: face_landmarks.LandmarkNetwork(landmarks), arrays, CPU)(small)
    card, arrays = parts("face-attributes")
    attributes = face_attributes.Config.model_validate(card.config)
    answers = load(lambda: face_attributes.AttributeNetwork(attributes), arrays, CPU)(small)
    card, arrays = parts("face-identity")
    assert isinstance(card, PredictorCard)
    identity, outputs = face_identity.Config.model_validate(card.config), len(card.scorers)
    network = load(lambda: face_identity.IdentityNetwork(identity, outputs), arrays, CPU)
    everything = (points.flatten(1), *answers, network(large))
    return {n: a.numpy().astype(np.float64) for n, a in zip(OUTPUTS, everything, strict=True)}


def port_errors(count: int) -> dict[str, float]:
    """Output -> the largest absolute difference between both, over faces and blots."""
    small, large = inputs(count)
    there, here = originals(small, large), ported(small, large)
    for name in OUTPUTS:
        assert here[name].shape == there[name].shape, name
    return {name: float(np.abs(here[name] - there[name]).max()) for name in OUTPUTS}
