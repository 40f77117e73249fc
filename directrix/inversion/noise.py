"""Noise inputs as variables of an inversion: they take up what no latent explains.

Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (arXiv 1912.04958),
appendix D: an image's own noise, optimised beside the latent, kept white by a penalty on its
autocorrelation at every scale, and normalised after every step.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.generators import Noises
from directrix.streams import Domain, Streams

SMALLEST = 8
"""Pixels of a side at which the pyramid of scales ends."""


def drawn(noises: Noises, count: int, seed: int) -> dict[str, Tensor]:
    """Seeded standard normal noise for `count` images, [count, 1, h, w] a layer."""
    fields: dict[str, Tensor] = {}
    streams = Streams(seed, Domain.NOISE)
    for place, (name, field) in enumerate(noises.items()):
        flat = torch.empty(field.shape[-2] * field.shape[-1])
        streams.fill(place, flat.numpy())
        fields[name] = flat.reshape(1, 1, *field.shape[-2:]).to(field).repeat(count, 1, 1, 1)
    return fields


def autocorrelation(field: Tensor) -> Tensor:
    """[N]: of noise [N, 1, h, w], squared, with its neighbours to the right and below, all scales.

    Every coarser scale is the mean of 2 x 2 values, doubled so that white noise keeps its variance.
    """
    total = field.new_zeros(len(field))
    while True:
        for axis in (2, 3):
            total = total + (field * field.roll(1, axis)).mean((1, 2, 3)).square()
        if min(field.shape[2:]) <= SMALLEST:
            return total
        field = F.avg_pool2d(field, 2) * 2


@torch.no_grad()
def normalise(field: Tensor) -> None:
    """Mean 0 and variance 1 for every image, in place."""
    field -= field.mean((2, 3), keepdim=True)
    field *= torch.rsqrt(field.square().mean((2, 3), keepdim=True) + 1e-8)
