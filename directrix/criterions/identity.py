"""Identity: the direction of a face descriptor, in which one person's pictures lie together.

Source: arXiv 2201.09689, criterion "IDFeatureMSE".
"""

import torch.nn.functional as F
from torch import Tensor

from directrix.criterions.criterion import Criterion
from directrix.errors import InvalidField
from directrix.jacobians import Map


class Identity(Criterion):
    """identity. Measures [n, 128], of unit length."""

    name = "identity"

    def at(self, image: Tensor) -> Map:
        if self.subject.names:
            raise InvalidField("identity has no subject", field="criterion")
        network = self.scene.identity

        def measure(images: Tensor) -> Tensor:
            return F.normalize(network.embed(images), dim=1)

        return measure
