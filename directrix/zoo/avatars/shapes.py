"""Soft-edged shapes: signed distances in the picture's unit, and how much of a pixel they cover.

The picture is [-1, 1] x [-1, 1], x to the right and y downwards. Numbers of one avatar are columns
[N, 1, 1] against the pixels' centres x, y [1, H, W]; distances are [N, H, W], negative inside.
"""

import numpy as np

Field = np.ndarray
"""float32 [N, H, W], or what broadcasts to it."""
Length = np.ndarray | np.float32
"""Of one shape each, or of all alike."""


def pixels(size: int) -> tuple[Field, Field]:
    """x and y of the pixels' centres: [1, 1, size] and [1, size, 1]."""
    centres = ((2 * np.arange(size) + 1) / size - 1).astype(np.float32)
    return centres[None, None, :], centres[None, :, None]


def coverage(distance: Field, size: int) -> Field:
    """The share of a pixel inside a straight edge at this distance: 0 ... 1."""
    return np.clip(0.5 - distance * np.float32(size / 2), 0, 1)


def ellipse(x: Field, y: Field, width: Length, height: Length) -> Field:
    """Distance from an ellipse round the origin with these half axes, to first order."""
    u, v = x / width, y / height
    level = u * u + v * v
    u, v = u / width, v / height
    return 0.5 * (level - 1) * np.reciprocal(np.sqrt(u * u + v * v) + np.float32(1e-3))


def stroke(x: Field, y: Field, start: tuple, end: tuple, thickness: float) -> Field:
    """Distance from a straight stroke with round ends; thickness is half of its width."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    px, py = x - start[0], y - start[1]
    along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0, 1)
    px, py = px - along * dx, py - along * dy
    return np.sqrt(px * px + py * py) - np.float32(thickness)


def box(x: Field, y: Field, width: Length, height: Length, corner: float) -> Field:
    """Distance from a box round the origin with these half sides and round corners."""
    px, py = np.abs(x) - width + corner, np.abs(y) - height + corner
    outside = np.sqrt(np.maximum(px, 0) ** 2 + np.maximum(py, 0) ** 2)
    return outside + np.minimum(np.maximum(px, py), 0) - np.float32(corner)


def lens(u: Field, y: Field, bend: Field, half: Field, width: Field) -> Field:
    """Distance from a bent lens: |y - bend (0.4 - u^2)| <= half (1 - u^2), u = x / width."""
    square = u * u
    middle = bend * (0.4 - square)
    slope = 2 * bend * u / width
    inside = np.abs(y - middle) - half * (1 - square)
    beside = (np.abs(u) - 1) * width
    return np.maximum(inside / np.sqrt(1 + slope * slope), beside)
