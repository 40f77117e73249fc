"""A criterion read off the mirrored picture too, so that a network's own errors decide less."""

import torch
from torch import Tensor

from directrix.criterions.criterion import Criterion
from directrix.jacobians import Map


class Mirrored(Criterion):
    """Measures [n, 2 m]: those of the picture, then those of its mirror image, over sqrt(2).

    Its J^T J is the mean over both readings: of a network that errs alike in both it is what the
    criterion alone gives, and what is held must hold in both. Signs drop out of J^T J, so that
    scores which a mirror turns round, as yaw, need no care. Masks and triangles are taken from
    each of the two pictures. It wraps another criterion and has no name to be asked for by.
    """

    def __init__(self, own: Criterion):
        super().__init__(own.scene, own.subject)
        self.own = own

    def at(self, image: Tensor) -> Map:
        plain, turned = self.own.at(image), self.own.at(image.flip(-1))

        def measure(images: Tensor) -> Tensor:
            both = torch.cat([plain(images), turned(images.flip(-1))], 1)
            return both / 2**0.5

        return measure
