"""Sheets of small pictures: rows and columns with labels, enlarged pixel by pixel."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

INK, PAPER = (70, 70, 78), (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures uint8 [H, W, C] of one size, in rows of one length."""

    rows: tuple[tuple[np.ndarray, ...], ...]
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    title: str = ""

    def png(self, scale: int = 3) -> bytes:
        """One PNG file; every pixel becomes scale x scale, without smoothing."""
        from directrix.client.pictures import encode_png

        return encode_png(_Drawing(self, scale).pixels)


@dataclass(frozen=True, eq=False)
class _Drawing:
    """Places everything on paper. Lengths in pixels of the result."""

    sheet: Sheet
    scale: int

    @cached_property
    def pixels(self) -> np.ndarray:
        from PIL import Image, ImageDraw

        height, width = self.sheet.rows[0][0].shape[:2]
        tile = (width * self.scale, height * self.scale)
        left, top, gap, edge = self._left, self._top, 2 * self.scale, self._size
        columns, rows = len(self.sheet.rows[0]), len(self.sheet.rows)
        size = (
            left + columns * (tile[0] + gap) - gap + edge,
            top + rows * (tile[1] + gap) - gap + edge,
        )
        paper = Image.new("RGB", size, PAPER)
        draw = ImageDraw.Draw(paper)
        middle_x = [left + c * (tile[0] + gap) + tile[0] // 2 for c in range(columns)]
        middle_y = [top + r * (tile[1] + gap) + tile[1] // 2 for r in range(rows)]
        for r, row in enumerate(self.sheet.rows):
            for c, picture in enumerate(row):
                corner = (middle_x[c] - tile[0] // 2, middle_y[r] - tile[1] // 2)
                enlarged = _image(picture).resize(tile, Image.Resampling.NEAREST)
                paper.paste(enlarged, corner)
        for x, label in zip(middle_x, self.sheet.column_labels, strict=True):
            draw.text((x, top - self._size // 2), label, INK, self._font, anchor="ms")
        for y, label in zip(middle_y, self.sheet.row_labels, strict=True):
            draw.text((left - self._size // 2, y), label, INK, self._font, anchor="rm")
        if self.sheet.title:
            draw.text((left, self._size // 2), self.sheet.title, INK, self._font, anchor="la")
        return np.asarray(paper)

    @property
    def _size(self) -> int:
        return max(10, 4 * self.scale)

    @cached_property
    def _font(self) -> "FreeTypeFont":
        from PIL import ImageFont

        return ImageFont.load_default(self._size)  # type: ignore[return-value]

    @property
    def _left(self) -> int:
        widest = max(self._font.getlength(label) for label in self.sheet.row_labels)
        return int(widest) + (self._size if widest else self._size // 2) + self._size // 2

    @property
    def _top(self) -> int:
        lines = 2 if self.sheet.title else 1
        return (2 * lines) * self._size


def _image(picture: np.ndarray) -> "Image":
    from PIL import Image

    return Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
