"""Region colour: the mean colour of chosen parts, or everything else of the picture.

Source: arXiv 2201.09689, criterion "RegionColorMSE".
"""

import torch
from torch import Tensor

from directrix.criterions.criterion import Criterion, Subject
from directrix.jacobians import Map


class RegionColour(Criterion):
    """colour, colour:PART: [n, C], the mean of each channel over the region.

    colour:~PART: the picture without that mean in the region, [n, C h w].
    """

    name = "colour"

    @torch.no_grad()
    def at(self, image: Tensor) -> Map:
        mask = self._mask(image)
        share = mask / mask.sum().clamp_min(1e-6)
        others = self.subject.others

        def measure(images: Tensor) -> Tensor:
            pixels = self.scene.shrink(images)
            mean = (pixels * share).sum((2, 3))
            return (pixels - mean[:, :, None, None] * mask).flatten(1) if others else mean

        return measure

    def _mask(self, image: Tensor) -> Tensor:
        """[1, h, w]"""
        if not self.subject.names:
            return torch.ones_like(self.scene.shrink(image[None, :1])[0])
        names = self.scene.parts.names
        return self.scene.region(image, Subject(self.subject.names).among(names, "part"))
