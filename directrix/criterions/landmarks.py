"""Landmarks: where chosen groups of points lie, or all the others.

Source: arXiv 2201.09689, criterion "LandmarkMSE".
"""

from torch import Tensor

from directrix.criterions.criterion import Criterion
from directrix.jacobians import Map


class Landmarks(Criterion):
    """landmarks, landmarks:GROUP, landmarks:~GROUP. Measures [n, 2 L] in pixels."""

    name = "landmarks"

    def at(self, image: Tensor) -> Map:
        points = self.scene.points
        names = tuple(points.groups)
        meant = self.subject.among(names, "group of landmarks")
        chosen = [i for place in meant for i in points.groups[names[place]]]

        def measure(images: Tensor) -> Tensor:
            return points.points(images)[:, chosen].flatten(1)

        return measure
