"""High frequency: what is lost when the picture is shrunk and stretched again, or what is kept.

Source: arXiv 2201.09689, criterion "HighFrequencyMSE": x - up(down(x)), down to 24 of 64 pixels.
"""

import torch.nn.functional as F
from torch import Tensor

from directrix.criterions.criterion import Criterion
from directrix.errors import InvalidField
from directrix.jacobians import Map

SHARE = 24 / 64
"""Of the picture's side that is left of it once shrunk."""


class HighFrequency(Criterion):
    """frequency:high, frequency:~high. Measures [n, C H W]."""

    name = "frequency"

    def at(self, image: Tensor) -> Map:
        if self.subject.names not in ((), ("high",)):
            raise InvalidField("the frequencies are high and ~high", field="criterion")
        height, width = image.shape[1:]
        small = (max(1, round(SHARE * height)), max(1, round(SHARE * width)))

        def measure(images: Tensor) -> Tensor:
            low = F.adaptive_avg_pool2d(images, small)
            low = F.interpolate(low, (height, width), mode="bilinear", align_corners=False)
            return (low if self.subject.others else images - low).flatten(1)

        return measure
