"""Masked pixels: what the pixels of chosen parts show, or all the others.

Source: arXiv 2201.09689, criterion "MaskedMSE": the mask is taken from the reference and constant.
"""

import torch
from torch import Tensor

from directrix.criterions.criterion import Criterion
from directrix.jacobians import Map


class MaskedPixels(Criterion):
    """pixels, pixels:PART, pixels:~PART. Measures [n, C h w] in the picture's own units."""

    name = "pixels"

    @torch.no_grad()
    def at(self, image: Tensor) -> Map:
        mask = self._mask(image)
        # Pixels outside the mask are left out, not merely zero: there is less to differentiate.
        inside = (mask > 1e-3).flatten().nonzero().flatten()
        weights = mask.flatten()[inside]

        def measure(images: Tensor) -> Tensor:
            pixels = self.scene.shrink(images).flatten(2)
            return (pixels.index_select(2, inside) * weights).flatten(1)

        return measure

    def _mask(self, image: Tensor) -> Tensor:
        """[1, h, w], 1 where pixels count."""
        if not self.subject.names:
            return torch.ones_like(self.scene.shrink(image[None, :1])[0])
        parts = self.scene.parts
        named = type(self.subject)(self.subject.names).among(parts.names, "part")
        mask = self.scene.region(image, named)
        return 1 - mask if self.subject.others else mask
