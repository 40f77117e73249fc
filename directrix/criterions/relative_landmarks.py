"""Relative landmarks: the shape of each chosen group of points, wherever it lies.

Source: arXiv 2201.09689, criterion "RelativeLandmarkMSE": each group without its own mean.
"""

import torch
from torch import Tensor

from directrix.criterions.criterion import Criterion
from directrix.jacobians import Map


class RelativeLandmarks(Criterion):
    """relative-landmarks and as landmarks. Measures [n, 2 L] in pixels."""

    name = "relative-landmarks"

    def at(self, image: Tensor) -> Map:
        points = self.scene.points
        names = tuple(points.groups)
        meant = self.subject.among(names, "group of landmarks")
        groups = [list(points.groups[names[place]]) for place in meant]

        def measure(images: Tensor) -> Tensor:
            found = points.points(images)
            own = [found[:, group] for group in groups]
            return torch.cat([g - g.mean(1, keepdim=True) for g in own], 1).flatten(1)

        return measure
