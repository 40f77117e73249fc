"""Appearance: what the picture shows once landmarks are warped back to where they were.

Source: arXiv 2201.09689, criterion "LandmarkInterpolationMSE": the reference is cut into Delaunay
triangles over its landmarks and the corners; every pixel keeps its barycentric weights, follows its
triangle as landmarks move, and is read there. The order of pixels is fixed (the released code
shuffled them anew at every call).
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.spatial import Delaunay
from torch import Tensor

from directrix.criterions.criterion import Criterion, Subject
from directrix.jacobians import Map


class WarpedAppearance(Criterion):
    """appearance, appearance:PART, appearance:~PART. Measures [n, C q] of the q pixels meant."""

    name = "appearance"

    @torch.no_grad()
    def at(self, image: Tensor) -> Map:
        points, (height, width) = self.scene.points, image.shape[1:]
        corners = image.new_tensor(
            [[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]]
        )
        reference = torch.cat([points.points(image[None])[0], corners])
        pixels = self._pixels(image)
        corner_of, weights = _triangles(reference.double().cpu().numpy(), pixels)
        vertices = torch.from_numpy(corner_of).to(image.device)
        shares = torch.from_numpy(weights).to(image)

        def measure(images: Tensor) -> Tensor:
            fixed = corners.expand(len(images), -1, -1)
            moved = torch.cat([points.points(images), fixed], 1)[:, vertices]
            return _read(images, (moved * shares[:, :, None]).sum(2)).flatten(1)

        return measure

    def _pixels(self, image: Tensor) -> np.ndarray:
        """x, y [q, 2] of the pixels that are meant."""
        height, width = image.shape[1:]
        wanted = np.ones((height, width), bool)
        if self.subject.names:
            parts = self.scene.parts
            named = Subject(self.subject.names).among(parts.names, "part")
            mask = parts.masks(image[None])[0, list(named)].sum(0) > 0.5
            wanted = mask.cpu().numpy() != self.subject.others
        y, x = np.nonzero(wanted)
        return np.stack([x, y], 1).astype(np.float64)


def _triangles(points: np.ndarray, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [q, 3] of the triangle around each pixel and its barycentric weights [q, 3]."""
    mesh = Delaunay(points)
    found = mesh.find_simplex(pixels, bruteforce=True)
    found = np.where(found < 0, _nearest(mesh, pixels), found)
    frame = mesh.transform[found]
    first = np.einsum("qij,qj->qi", frame[:, :2], pixels - frame[:, 2])
    return mesh.simplices[found].astype(np.int64), np.c_[first, 1 - first.sum(1)]


def _nearest(mesh: Delaunay, pixels: np.ndarray) -> np.ndarray:
    """The triangle whose middle is nearest: for pixels on the rim that rounding leaves outside."""
    middles = mesh.points[mesh.simplices].mean(1)
    whole = np.isfinite(mesh.transform[:, 0, 0])
    away = np.square(pixels[:, None] - middles[None]).sum(2)
    return np.where(whole, away, np.inf).argmin(1)


def _read(images: Tensor, places: Tensor) -> Tensor:
    """Bilinear values [n, C, q] of images [n, C, H, W] at x, y [n, q, 2] in pixels."""
    height, width = images.shape[2:]
    x = places[..., 0].clamp(0, width - 1)
    y = places[..., 1].clamp(0, height - 1)
    left, top = (p.detach().floor().clamp(0, n - 2) for p, n in ((x, width), (y, height)))
    right, down = x - left, y - top
    flat = images.flatten(2)

    def at(dy: int, dx: int) -> Tensor:
        index = ((top + dy) * width + left + dx).long()
        return flat.gather(2, index[:, None].expand(-1, flat.shape[1], -1))

    rows: Sequence[Tensor] = [
        at(dy, 0) * (1 - right)[:, None] + at(dy, 1) * right[:, None] for dy in (0, 1)
    ]
    return rows[0] * (1 - down)[:, None] + rows[1] * down[:, None]
