"""Inversion: the latent of an image, by optimisation, by an encoder, or by both."""

from directrix.inversion.encoder import Encoder, build
from directrix.inversion.labels import label_kept
from directrix.inversion.optimisation import MAX_STEPS, Inversion, Search, go_on, invert
from directrix.inversion.training import EncoderPlan, EncoderTraining

__all__ = [
    "MAX_STEPS",
    "Encoder",
    "EncoderPlan",
    "EncoderTraining",
    "Inversion",
    "Search",
    "build",
    "go_on",
    "invert",
    "label_kept",
]
