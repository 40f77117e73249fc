"""Inversion: the latent of an image."""

from directrix.inversion.optimisation import MAX_STEPS, Inversion, Search, go_on, invert

__all__ = ["MAX_STEPS", "Inversion", "Search", "go_on", "invert"]
