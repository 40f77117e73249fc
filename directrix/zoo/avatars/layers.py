"""The layers of an avatar's picture, from front to back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from directrix.zoo.avatars import palette
from directrix.zoo.avatars.factors import NAMES
from directrix.zoo.avatars.geometry import (
    BROW_Y,
    EYE_Y,
    HEAD_HEIGHT,
    HEAD_Y,
    MOUTH_Y,
    NOSE_Y,
    Eye,
    Geometry,
)
from directrix.zoo.avatars.shapes import Field, box, coverage, ellipse, lens, pixels, stroke

PARTS = ("background", "clothes", "skin", "hair", "brows", "eyes", "mouth", "glasses")
"""What a pixel may show. Lines, nose and cheeks are skin; lips, teeth and gap are mouth."""


@dataclass(frozen=True)
class Layer:
    """One shape in one colour."""

    part: str
    cover: Field
    """[N, H, W] in [0, 1]."""
    colour: np.ndarray
    """[N, 3], sRGB."""


def layers(values: np.ndarray, geometry: Geometry, size: int) -> Iterator[Layer]:
    """Everything but the background, which shows where nothing else does."""
    painter = _Painter(values, geometry, size)
    yield from painter.glasses()
    yield from painter.fringe()
    yield from painter.brows()
    for eye in geometry.eyes:
        yield from painter.eye(eye)
    yield from painter.mouth()
    yield from painter.skin_marks()
    yield from painter.head()
    yield from painter.behind()


class _Painter:
    """Draws the parts of a batch of avatars."""

    def __init__(self, values: np.ndarray, geometry: Geometry, size: int):
        self.value = {name: values[:, i] for i, name in enumerate(NAMES)}
        self.geometry, self.size, self.count = geometry, size, len(values)
        self.x, self.y = pixels(size)
        self.skin = palette.ramp(palette.SKIN, self.value["skin_colour"])
        self.hair = palette.ramp(palette.HAIR, self.value["hair_colour"])
        self.lips = palette.ramp(palette.LIPS, self.value["lip_colour"])
        face = ellipse(self.x, self.y - HEAD_Y, geometry.head_width, np.float32(HEAD_HEIGHT))
        self.face = coverage(face, size)

    def glasses(self) -> Iterator[Layer]:
        """Two rings, the bridge, and the temples' first part."""
        worn = (self.value["glasses"] > 0).astype(np.float32)[:, None, None]
        left, right = self.geometry.eyes
        frame = [self._ring(left), self._ring(right)]
        inner = (left.x + 0.2 * left.foreshortening, right.x - 0.2 * right.foreshortening)
        frame.append(
            stroke(self.x, self.y, (inner[0], EYE_Y - 0.04), (inner[1], EYE_Y - 0.04), 0.03)
        )
        cover = np.maximum.reduce([coverage(d, self.size) for d in frame]) * worn
        yield self._layer("glasses", cover, palette.FRAMES)

    def _ring(self, eye: Eye) -> Field:
        wide = 0.215 * eye.foreshortening
        return np.abs(ellipse(self.x - eye.x, self.y - EYE_Y, wide, np.float32(0.205))) - 0.030

    def fringe(self) -> Iterator[Layer]:
        """Hair over the forehead: the cap above a bent hairline."""
        parting = -0.12 + 0.25 * self.geometry.yaw
        line = -0.50 + 0.62 * (self.x - parting) ** 2
        cover = coverage(np.maximum(self._cap(), (self.y - line) * 0.8), self.size)
        yield Layer("hair", cover, self.hair)

    def _cap(self) -> Field:
        wide = self.geometry.head_width + 0.12
        return ellipse(self.x, self.y + 0.10, wide, np.float32(0.76))

    def brows(self) -> Iterator[Layer]:
        covers = []
        for eye, side in zip(self.geometry.eyes, (-1, 1), strict=True):
            half = 0.14 * eye.foreshortening
            outer, inner = (eye.x + side * half, BROW_Y + 0.035), (eye.x - side * half, BROW_Y)
            covers.append(coverage(stroke(self.x, self.y, outer, inner, 0.030), self.size))
        yield Layer("brows", np.maximum(*covers) * self.face, self.hair * 0.72)

    def eye(self, eye: Eye) -> Iterator[Layer]:
        """Glint, pupil, iris and white inside the lids; a dark upper lid behind them."""
        x, y = self.x - eye.x, self.y - EYE_Y
        white = self.face * coverage(ellipse(x, y, eye.width, eye.height), self.size)
        iris_x = x - 0.02 * self.geometry.yaw
        distance = np.sqrt(iris_x * iris_x + y * y)
        glint = np.sqrt((iris_x + 0.035) ** 2 + (y + 0.04) ** 2) - np.float32(0.022)
        yield self._layer("eyes", white * coverage(glint, self.size), palette.WHITE)
        yield self._layer("eyes", white * coverage(distance - 0.045, self.size), palette.DARK)
        iris = palette.ramp(palette.IRIS, self.value["eye_colour"])
        yield Layer("eyes", white * coverage(distance - 0.118, self.size), iris)
        yield self._layer("eyes", white, palette.WHITE)
        lid = ellipse(x, y + 0.022, eye.width + 0.012, eye.height + 0.008)
        yield self._layer("eyes", self.face * coverage(lid, self.size), palette.DARK)

    def mouth(self) -> Iterator[Layer]:
        """Teeth and gap inside the lips."""
        g = self.geometry
        u, y = (self.x - g.mouth_x) / g.mouth_width, self.y - MOUTH_Y
        gap_u = u / 0.82
        gap = coverage(
            lens(gap_u, y, g.mouth_bend * 0.7, g.mouth_opening, g.mouth_width), self.size
        )
        teeth = (y - g.mouth_bend * 0.7 * (0.4 - gap_u * gap_u)) + 0.25 * g.mouth_opening
        yield self._layer("mouth", gap * coverage(teeth, self.size), palette.TEETH)
        yield self._layer("mouth", gap, palette.MOUTH)
        half = g.mouth_opening + 0.07
        yield Layer(
            "mouth", coverage(lens(u, y, g.mouth_bend, half, g.mouth_width), self.size), self.lips
        )

    def skin_marks(self) -> Iterator[Layer]:
        """Age lines, nose and cheeks: skin in other colours."""
        aged = (self.value["age_lines"] > 0).astype(np.float32)[:, None, None]
        yield Layer("skin", self._lines() * aged * self.face, self.skin * 0.50)
        x = self.geometry.nose_x
        nose = ellipse(self.x - x, self.y - NOSE_Y, np.float32(0.085), np.float32(0.055))
        bridge = stroke(self.x, self.y, (x * 0.8, 0.08), (x, 0.2), 0.02)
        yield Layer("skin", coverage(nose, self.size) * 0.75, self.skin * 0.74)
        yield Layer("skin", coverage(bridge, self.size) * 0.3, self.skin * 0.74)
        for place in (-0.40, 0.40):
            spot = ellipse(
                self.x - self.geometry.across(place),
                self.y - 0.30,
                np.float32(0.12),
                np.float32(0.09),
            )
            yield self._layer("skin", coverage(spot, self.size) * self.face * 0.30, palette.BLUSH)

    def _lines(self) -> Field:
        """Two across the forehead, one from each side of the nose to the mouth's corner."""
        g = self.geometry
        strokes = [
            stroke(self.x, self.y, (g.across(-half), height), (g.across(half), height), 0.022)
            for half, height in ((0.26, -0.33), (0.20, -0.44))
        ]
        for side in (-1, 1):
            top, bottom = g.across(side * 0.17), g.across(side * 0.36)
            strokes.append(stroke(self.x, self.y, (top, 0.24), (bottom, 0.46), 0.024))
        return np.maximum.reduce([coverage(d, self.size) for d in strokes])

    def head(self) -> Iterator[Layer]:
        """The head and, darker, the neck below it."""
        yield Layer("skin", self.face, self.skin)
        neck = box(self.x, self.y - 0.72, np.float32(0.20), np.float32(0.24), 0.1)
        yield Layer("skin", coverage(neck, self.size), self.skin * 0.78)

    def behind(self) -> Iterator[Layer]:
        """Hair behind the head, ears, and clothes."""
        g = self.geometry
        middle, half = (g.hair_bottom - 0.2) / 2, (g.hair_bottom + 0.2) / 2
        fall = box(self.x, self.y - middle, g.head_width + 0.12, half, 0.12)
        hair = np.maximum(
            coverage(np.maximum(self._cap(), self.y), self.size), coverage(fall, self.size)
        )
        yield Layer("hair", hair, self.hair * 0.8)
        for side in (-1, 1):
            ear = ellipse(
                self.x - side * g.head_width, self.y - 0.08, np.float32(0.10), np.float32(0.15)
            )
            yield Layer("skin", coverage(ear, self.size), self.skin * 0.88)
        body = ellipse(self.x, self.y - 1.22, np.float32(0.86), np.float32(0.42))
        yield self._layer("clothes", coverage(body, self.size), palette.CLOTHES)

    def _layer(self, part: str, cover: Field, colour: tuple) -> Layer:
        return Layer(part, cover, palette.flat(colour, self.count))
