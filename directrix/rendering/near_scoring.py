"""Scores of many moved latents in one process, where the networks are at hand.

What `Renderer.score` tells, within rounding: the scores of rounded pixels with constant noise. It
makes no promise of bytes, so it may share between latents what they have in common: a sweep over
coordinates of S costs a fraction of as many pictures. Served jobs score through the renderer.
"""

from collections.abc import Sequence

import numpy as np
import torch

from directrix.generators import Generator
from directrix.generators.shared_synthesis import SharedSynthesis
from directrix.generators.style import StyleGenerator
from directrix.predictors import Predictor
from directrix.rendering.pixels import from_pixels, to_pixels
from directrix.types import Latent, Space

CHUNK = 64
"""Pictures scored together."""


class NearScoring:
    """A `directrix.discovery.Scoring`: latents -> scores float32 [N, K] of all predictors."""

    def __init__(self, generator: Generator, predictors: Sequence[Predictor]):
        self._generator, self._predictors = generator, tuple(predictors)
        self._shared = None
        if isinstance(generator, StyleGenerator):
            self._shared = SharedSynthesis(generator._network, generator.noises)

    @torch.inference_mode()
    def __call__(self, latents: Latent) -> np.ndarray:
        rows = torch.tensor(latents.values, device=self._generator.device)
        if self._shared is None:
            parts = rows.split(CHUNK)
            made = torch.cat([self._generator.synthesise(part, latents.space) for part in parts])
        else:
            made = self._shared(self._generator.convert(rows, latents.space, Space.S))
        return torch.cat([self._scores(part) for part in made.split(CHUNK)]).cpu().numpy()

    def _scores(self, images: torch.Tensor) -> torch.Tensor:
        # Channels last: convolutions need not reorder, and pooling is several times faster.
        seen = from_pixels(to_pixels(images)).contiguous(memory_format=torch.channels_last)
        return torch.cat([predictor.scores(seen) for predictor in self._predictors], 1)
