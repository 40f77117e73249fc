"""python -m directrix.generators render MODEL --z z.npy --truncation 0.7 --out images.npy

MODEL is a folder of card.json and model.safetensors. z: float [N, z_dim]. images: float32
[N, C, H, W] in about [-1, 1], not clamped, constant noise, truncated where the population is.
Bad input is answered on stderr with exit code 2. No server is needed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from directrix import devices
from directrix.batches import in_fixed_batches
from directrix.errors import DirectrixError, InvalidField
from directrix.generators import Generator, build
from directrix.model_files import read_array, read_model
from directrix.types import Noise, Space


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _render(options)
    except (DirectrixError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def render(generator: Generator, z: np.ndarray, truncation: float) -> np.ndarray:
    """Images float32 [N, C, H, W] of z [N, z_dim], in fixed batches. Raises InvalidField."""
    width = generator.dimension(Space.Z)
    if z.ndim != 2 or z.shape[1] != width or len(z) == 0 or not np.isfinite(z).all():
        raise InvalidField(
            f"z is a finite array [N, {width}] with N >= 1, not one of shape {list(z.shape)}",
            field="z",
        )
    if not 0 <= truncation <= 2:
        raise InvalidField(f"truncation lies in [0, 2], not {truncation}", field="truncation")

    def network(rows: torch.Tensor) -> torch.Tensor:
        return generator.synthesise(*generator.draw(rows, truncation), Noise.CONSTANT)

    with torch.inference_mode():
        rows = torch.tensor(z, dtype=torch.float32, device=generator.device)
        return in_fixed_batches(network, rows).cpu().numpy()


def _render(options: argparse.Namespace) -> None:
    devices.limit_threads(options.threads)
    card, arrays = read_model(options.model)
    generator = build(card, arrays, devices.device(options.device))
    images = render(generator, read_array(options.z), options.truncation)
    with options.out.open("wb") as file:
        np.save(file, images)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m directrix.generators", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("render", help="images of given latents")
    command.add_argument("model", type=Path, help="folder of card.json and model.safetensors")
    command.add_argument("--z", type=Path, required=True, help="npy file, [N, z_dim]")
    command.add_argument("--truncation", type=float, default=1.0, help="psi in [0, 2]")
    command.add_argument("--out", type=Path, required=True, help="npy file to write")
    command.add_argument("--device", default="cpu")
    command.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
