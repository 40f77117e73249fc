"""Parts and points of natural faces, from 68 landmarks.

Points are numbered as in the 300-W set (see `directrix.predictors.face_geometry`). Parts are what
the convex hulls of their points enclose; they are constant near a picture, so no slope is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import ConvexHull
from torch import Tensor

from directrix.predictors.face_landmarks import LandmarkPredictor

GROUPS: Mapping[str, tuple[int, ...]] = {
    "jaw": tuple(range(17)),
    "brows": tuple(range(17, 27)),
    "nose": tuple(range(27, 36)),
    "eyes": tuple(range(36, 48)),
    "mouth": tuple(range(48, 68)),
}

HULLS: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "brows": (tuple(range(17, 22)), tuple(range(22, 27))),
    "nose": (tuple(range(27, 36)),),
    "eyes": (tuple(range(36, 42)), tuple(range(42, 48))),
    "mouth": (tuple(range(48, 60)),),
    "face": (tuple(range(27)),),
}
"""Hulls that make a part. Skin is the face without the others, background what is not face."""

NAMES = (*HULLS, "skin", "background")


@dataclass(frozen=True)
class FacePoints:
    """The 68 points in pixels."""

    network: LandmarkPredictor

    @property
    def groups(self) -> Mapping[str, tuple[int, ...]]:
        return GROUPS

    def points(self, images: Tensor) -> Tensor:
        points = self.network.points(images)
        return points * points.new_tensor([images.shape[3], images.shape[2]])


@dataclass(frozen=True)
class FaceParts:
    """Masks of 0 and 1, without slope; "face" overlaps what lies in it."""

    network: LandmarkPredictor

    @property
    def names(self) -> tuple[str, ...]:
        return NAMES

    @torch.no_grad()
    def masks(self, images: Tensor) -> Tensor:
        points = FacePoints(self.network).points(images).double().cpu().numpy()
        masks = [_parts(face, images.shape[2], images.shape[3]) for face in points]
        return torch.from_numpy(np.stack(masks)).to(images)


def _parts(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Points [68, 2] -> [P, H, W] in the order of NAMES."""
    made = {
        name: np.any([_inside(points, hull, height, width) for hull in hulls], 0)
        for name, hulls in HULLS.items()
    }
    inner = np.any([made[name] for name in ("brows", "nose", "eyes", "mouth")], 0)
    made["skin"] = made["face"] & ~inner
    made["background"] = ~made["face"]
    return np.stack([made[name] for name in NAMES]).astype(np.float64)


def _inside(points: np.ndarray, hull: Sequence[int], height: int, width: int) -> np.ndarray:
    """Which pixels' middles lie inside the convex hull of some points: [H, W]."""
    planes = ConvexHull(points[list(hull)], qhull_options="QJ").equations
    y, x = np.mgrid[0.5:height, 0.5:width]
    return np.all(planes @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)]) <= 0, 0).reshape(
        height, width
    )
