"""Whether a generator cares how long z is."""

import torch

from directrix.generators import Generator
from directrix.population import latents
from directrix.types import Space

PROBES = 4
STRETCH = 2.0
TOLERANCE = 1e-3
"""Share of the images' own variation below which a change counts as rounding."""

SEED = 2**62 + 2


@torch.no_grad()
def scale_invariant(generator: Generator) -> bool:
    """Whether G(c z) = G(z): the generator normalises z, as style-based ones do.

    The density-preserving walks of Z then draw the same pictures as the linear one.
    """
    z = latents(SEED, 0, PROBES, generator.dimension(Space.Z))
    rows = torch.from_numpy(z).to(generator.device)
    images = generator.synthesise(rows, Space.Z)
    change = (generator.synthesise(STRETCH * rows, Space.Z) - images).square().mean()
    return bool(change.sqrt() < TOLERANCE * images.std(0).mean())
