"""Where the parts of an avatar are, as its factors put them."""

from dataclasses import dataclass

import numpy as np

from directrix.zoo.avatars.factors import NAMES

LANDMARKS = (
    "left_eye",
    "right_eye",
    "left_brow",
    "right_brow",
    "nose",
    "mouth_left",
    "mouth_right",
    "mouth",
    "chin",
)
"""Left and right are the picture's."""

TURN = 0.36
"""Radians of a full yaw."""
EYE_Y, BROW_Y, NOSE_Y, MOUTH_Y, CHIN_Y = 0.03, -0.245, 0.22, 0.44, 0.69
EYE_X, HEAD_Y, HEAD_WIDTH, HEAD_HEIGHT = 0.26, 0.01, 0.56, 0.69

Column = np.ndarray
"""float32 [N, 1, 1]."""


@dataclass(frozen=True)
class Eye:
    """One eye: its centre and half axes, and how much of the head's side it shows."""

    x: Column
    width: Column
    height: Column
    foreshortening: Column


@dataclass(frozen=True)
class Geometry:
    """Places and sizes in the picture's unit."""

    head_width: Column
    hair_bottom: Column
    eye_height: Column
    nose_x: Column
    mouth_x: Column
    mouth_width: Column
    mouth_bend: Column
    mouth_opening: Column
    yaw: Column

    def across(self, place: float) -> Column:
        """x of a feature on the turned head that lies at `place` when the head looks ahead.

        Features lie on an upright cylinder a little wider than the head.
        """
        return self._radius * np.sin(self._angle(place))

    def foreshortening(self, place: float) -> Column:
        """Width of a feature on the turned head, as a share of its width ahead."""
        return np.cos(self._angle(place)) / np.cos(self._rest(place))

    @property
    def _radius(self) -> Column:
        return self.head_width + 0.05

    def _rest(self, place: float) -> Column:
        spread = 0.5 + 0.5 * self.head_width / HEAD_WIDTH
        return np.arcsin(place * spread / self._radius)

    def _angle(self, place: float) -> Column:
        return self._rest(place) + TURN * self.yaw

    def eye(self, place: float) -> Eye:
        near = self.foreshortening(place)
        return Eye(self.across(place), 0.155 * near, self.eye_height, near)

    @property
    def eyes(self) -> tuple[Eye, Eye]:
        return self.eye(-EYE_X), self.eye(EYE_X)


def place(values: np.ndarray) -> Geometry:
    """Factor values [N, F] -> geometry."""
    column = {name: values[:, i, None, None] for i, name in enumerate(NAMES)}
    yaw, wide = column["yaw"], HEAD_WIDTH + 0.10 * column["head_width"]
    return Geometry(
        head_width=wide,
        hair_bottom=0.42 + 0.56 * column["hair_length"],
        eye_height=0.035 + 0.062 * (column["eye_openness"] + 1),
        nose_x=(wide + 0.2) * np.sin(TURN * yaw),
        mouth_x=wide * np.sin(TURN * yaw),
        mouth_width=0.29 * np.cos(TURN * yaw),
        mouth_bend=0.05 + 0.17 * column["smile"],
        mouth_opening=0.055 * (column["mouth_openness"] + 1),
        yaw=yaw,
    )


def landmarks(geometry: Geometry) -> np.ndarray:
    """[N, L, 2] of x and y in the picture's unit, in the order of LANDMARKS."""
    g = geometry
    corner = 0.65 * g.mouth_width
    corner_y = MOUTH_Y + g.mouth_bend * (0.4 - 0.65**2)
    places: list[tuple[Column, Column | float]] = [(eye.x, EYE_Y) for eye in g.eyes]
    places += [(eye.x, BROW_Y) for eye in g.eyes]
    places += [(g.nose_x, NOSE_Y), (g.mouth_x - corner, corner_y), (g.mouth_x + corner, corner_y)]
    places += [(g.mouth_x, MOUTH_Y + g.mouth_bend * 0.4), (0.5 * g.mouth_x, CHIN_Y)]
    out = np.empty((len(g.yaw), len(places), 2), np.float32)
    for i, (x, y) in enumerate(places):
        out[:, i, 0] = x[:, 0, 0]
        out[:, i, 1] = y[:, 0, 0] if isinstance(y, np.ndarray) else y
    return out
