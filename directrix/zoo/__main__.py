"""`python -m directrix.zoo RECIPE`: trains the bundled models anew, or builds others."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from directrix.errors import DirectrixError, InvalidField
from directrix.zoo import fashion, footwear, ladder
from directrix.zoo.avatars import recipe as avatars
from directrix.zoo.faces import recipe as faces
from directrix.zoo.folder import FolderRecipe, train_folder
from directrix.zoo.image_folder import read_image_folder
from directrix.zoo.model_folder import BUILT, BUNDLED

Recipe = Callable[[argparse.Namespace], None]


def _train_fashion(options: argparse.Namespace) -> None:
    out = options.out or BUNDLED
    if options.only != "generator":
        fashion.train_classifiers(out, options.seed, _say)
        fashion.train_robust_oracle(out, options.seed, _say)
    if options.only != "classifiers":
        fashion.train_generator(out, options.work, options.seed, _say)


def _train_robust(options: argparse.Namespace) -> None:
    fashion.train_robust_oracle(options.out or BUNDLED, options.seed, _say)


def _train_ladder(options: argparse.Namespace) -> None:
    ladder.train_ladder(options.out or BUILT, options.seed, _say)


def _train_avatars(options: argparse.Namespace) -> None:
    out = options.out or BUNDLED
    if options.only != "generator":
        avatars.train_predictors(out, _say)
    if options.only != "classifiers":
        avatars.train_generators(out, options.work, options.seed, _say)


def _models_faces(options: argparse.Namespace) -> None:
    faces.make(options.out or BUILT, options.work / "faces", _say)


def _train_folder(options: argparse.Namespace) -> None:
    if options.images is None:
        raise InvalidField("train-folder needs --images FOLDER", field="images")
    name = options.name or options.images.resolve().name
    folder = read_image_folder(options.images, options.side, options.depth)
    recipe = FolderRecipe(name, z_dim=options.z_dim, shown=options.shown, seed=options.seed)
    train_folder(folder, recipe, options.out or BUILT, options.work, _say)


def _make_footwear(options: argparse.Namespace) -> None:
    out = options.out or Path("build/footwear")
    _say(f"{footwear.make_footwear(out, 2000, options.seed)} pictures in {out}")


RECIPES: Mapping[str, Recipe] = {
    "train-fashion": _train_fashion,
    "train-robust": _train_robust,
    "train-ladder": _train_ladder,
    "train-avatars": _train_avatars,
    "models-faces": _models_faces,
    "make-footwear": _make_footwear,
    "train-folder": _train_folder,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m directrix.zoo")
    parser.add_argument("recipe", choices=list(RECIPES))
    parser.add_argument("--only", choices=["generator", "classifiers"])
    parser.add_argument("--out", type=Path, help="where model folders go")
    parser.add_argument("--work", type=Path, default=Path("build/zoo"), help="checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=Path, help="train-folder: pictures, CLASS/.../PICTURE")
    parser.add_argument("--name", help="train-folder: what the models are called after")
    parser.add_argument("--side", type=int, default=32, help="train-folder: pixels, 16 to 128")
    parser.add_argument("--depth", type=int, default=1, help="train-folder: directories of a class")
    parser.add_argument("--z-dim", type=int, default=64, help="train-folder: latent dimensions")
    parser.add_argument("--shown", type=int, default=192_000, help="train-folder: images shown")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        RECIPES[options.recipe](options)
    except DirectrixError as error:
        _say(f"error: {error.message}")
        return 2
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
