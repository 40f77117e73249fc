"""A face drawn with a ruler and a pair of compasses: 68 points, symmetric about x = 0.5."""

import numpy as np


def schematic(lift: float = 0.0, gap: float = 0.02) -> np.ndarray:
    """Points [68, 2] in 0..1 from the top left. The eyes are .36 apart, at y = .4.

    lift: how far the mouth's corners lie above its middle. gap: half of the inner lips' distance.
    """
    turn = np.linspace(0, np.pi, 17)
    jaw = np.stack([0.5 - 0.35 * np.cos(turn), 0.38 + 0.55 * np.sin(turn)], 1)
    brows = [_row(0.22, 0.42, 0.3, 5), _row(0.58, 0.78, 0.3, 5)]
    ridge = np.stack([np.full(4, 0.5), np.linspace(0.38, 0.55, 4)], 1)
    nose = [ridge, _row(0.43, 0.57, 0.6, 5)]
    eyes = [_oval(0.32, 0.4, 0.05, 0.02, 6), _oval(0.68, 0.4, 0.05, 0.02, 6)]
    mouth = [_oval(0.5, 0.75, 0.14, 0.06, 12), _oval(0.5, 0.75, 0.1, gap, 8)]
    points = np.concatenate([jaw, *brows, *nose, *eyes, *mouth])
    points[[48, 54], 1] -= lift
    return points


def _row(left: float, right: float, y: float, count: int) -> np.ndarray:
    return np.stack([np.linspace(left, right, count), np.full(count, y)], 1)


def _oval(x: float, y: float, width: float, height: float, count: int) -> np.ndarray:
    """From the left corner over the top."""
    turn = np.pi - np.arange(count) * 2 * np.pi / count
    return np.stack([x + width * np.cos(turn), y - height * np.sin(turn)], 1)
