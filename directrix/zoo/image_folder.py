"""Image folders: any tree of pictures whose directories name their classes.

    FOLDER/<class>/[anything/...]/<picture>

UT Zappos50K as distributed is such a tree, <category>/<sub-category>/<brand>/<id>.jpg: its
directories at depth 1 are the four categories, at depth 2 the sub-categories.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from directrix.errors import DataMissing, ImageInvalid, InvalidField

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
MOST_PIXELS = 50_000_000
"""Of one picture; larger ones are refused unread."""


@dataclass(frozen=True, eq=False)
class ImageFolder:
    """images: uint8 [N, 3, side, side]. labels: int64 [N], places in `classes`."""

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def split(self, held_out: float, seed: int) -> tuple["ImageFolder", "ImageFolder"]:
        """Two seeded parts: to train on, and the share that is held out."""
        random = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self.images), generator=random)
        cut = len(order) - max(1, int(held_out * len(order)))
        first, second = (
            ImageFolder(self.images[rows], self.labels[rows], self.classes)
            for rows in (order[:cut].sort().values, order[cut:].sort().values)
        )
        return first, second


def read_image_folder(
    folder: Path, side: int, depth: int = 1, least: int = 20, background: str = "white"
) -> ImageFolder:
    """Every picture, fitted into side x side pixels on a background, in the order of its path.

    depth: how many directories make up a class's name, joined by "/". Classes with fewer than
    `least` pictures are left out. Raises DataMissing where fewer than two classes are left,
    ImageInvalid naming a file that is no picture.
    """
    if not 4 <= side <= 1024:
        raise InvalidField(f"side lies in [4, 1024], not {side}", field="side")
    found = [(path, name) for path in _pictures(folder) if (name := _class_of(path, folder, depth))]
    sizes = Counter(name for _, name in found)
    classes = tuple(sorted(name for name, size in sizes.items() if size >= least))
    if len(classes) < 2:
        raise DataMissing(
            f"{folder} has {len(classes)} classes of {least} pictures or more at depth {depth}, "
            "two are needed: a class is a directory of pictures"
        )
    kept = [(path, name) for path, name in found if name in classes]
    images = np.empty((len(kept), 3, side, side), np.uint8)
    for row, (path, _) in enumerate(kept):
        images[row] = _read(path, side, background).transpose(2, 0, 1)
    labels = [classes.index(name) for _, name in kept]
    return ImageFolder(torch.from_numpy(images), torch.tensor(labels), classes)


def _pictures(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def _class_of(path: Path, folder: Path, depth: int) -> str | None:
    """None where a picture lies less deep."""
    directories = path.relative_to(folder).parts[:-1]
    return "/".join(directories[:depth]) if len(directories) >= depth else None


def _read(path: Path, side: int, background: str) -> np.ndarray:
    """uint8 [side, side, 3]; transparent parts show the background."""
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ImageInvalid(f"{path} has more than {MOST_PIXELS} pixels")
            whole = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, OSError) as error:
        raise ImageInvalid(f"{path} is not a picture that can be read: take it out") from error
    fitted = ImageOps.contain(whole, (side, side), Image.Resampling.LANCZOS)
    canvas = Image.new("RGBA", (side, side), background)
    canvas.alpha_composite(fitted, ((side - fitted.width) // 2, (side - fitted.height) // 2))
    return np.asarray(canvas.convert("RGB"))
