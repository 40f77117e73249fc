"""python -m directrix.predictors score MODEL --images images.npy --out scores.json

MODEL is a folder of card.json and model.safetensors. images: float [N, C, H, W] in about [-1, 1].
scores.json: {"scorers": [K names], "scores": [N rows of K numbers]}. Bad input is answered on
stderr with exit code 2. No server is needed.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

from directrix import devices
from directrix.batches import in_fixed_batches
from directrix.errors import DirectrixError, InvalidField
from directrix.model_files import read_array, read_model
from directrix.predictors import Predictor, build


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _score(options)
    except (DirectrixError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def score(predictor: Predictor, images: np.ndarray) -> np.ndarray:
    """Scores float32 [N, K] of images [N, C, H, W], in fixed batches. Raises InvalidField."""
    image = predictor.card.image
    shape = (image.channels, image.height, image.width)
    if images.ndim != 4 or images.shape[1:] != shape or not np.isfinite(images).all():
        raise InvalidField(
            f"images are a finite array [N, {', '.join(map(str, shape))}], "
            f"not one of shape {list(images.shape)}",
            field="images",
        )
    if len(images) == 0:
        raise InvalidField("there are no images to score", field="images")
    with torch.inference_mode():
        rows = torch.tensor(images, dtype=torch.float32, device=predictor.device)
        return in_fixed_batches(predictor.scores, rows).cpu().numpy()


def _score(options: argparse.Namespace) -> None:
    devices.limit_threads(options.threads)
    card, arrays = read_model(options.model)
    predictor = build(card, arrays, devices.device(options.device))
    scores = score(predictor, read_array(options.images))
    answer = {"scorers": list(predictor.scorers), "scores": scores.tolist()}
    options.out.write_text(json.dumps(answer) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m directrix.predictors", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("score", help="scores of given images")
    command.add_argument("model", type=Path, help="folder of card.json and model.safetensors")
    command.add_argument("--images", type=Path, required=True, help="npy file, [N, C, H, W]")
    command.add_argument("--out", type=Path, required=True, help="json file to write")
    command.add_argument("--device", default="cpu")
    command.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
