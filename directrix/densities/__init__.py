"""Moving latents without changing how probable they are: the closed form and the learned ones.

Source: Li et al., "Discovering Density-Preserving Latent Space Walks in GANs for Semantic Image
Transformations" (ACM MM 2021), eq. 1 to 7.
"""

from directrix.densities.cdf import LearnedCdf, fit_cdf
from directrix.densities.correction import Corrected, fit_correction
from directrix.densities.invariance import scale_invariant
from directrix.densities.level import LevelSet
from directrix.densities.normal import Normal
from directrix.densities.steps import Step, great_circle, linear, norm_preserving

__all__ = [
    "Corrected",
    "LearnedCdf",
    "LevelSet",
    "Normal",
    "Step",
    "fit_cdf",
    "fit_correction",
    "great_circle",
    "linear",
    "norm_preserving",
    "scale_invariant",
]
