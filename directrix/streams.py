"""Chance that belongs to a number: one independent Philox stream per (domain, seed, index)."""

from enum import IntEnum

import numpy as np


class Domain(IntEnum):
    """What a stream is for; streams of two domains never meet, whatever their seeds."""

    LATENTS = 0
    NOISE = 1
    PROBES = 2
    SEARCH = 3
    SCENES = 4
    ENCODERS = 5


class Streams:
    """Standard normal numbers by index: the same whoever asks, in whatever order.

    The stream of an index is Philox with key (seed, domain) and counter (0, 0, 0, index).
    """

    def __init__(self, seed: int, domain: Domain):
        self._philox = np.random.Philox(key=np.array([seed, domain], np.uint64))
        self._state = self._philox.state
        self._generator = np.random.Generator(self._philox)

    def fill(self, index: int, out: np.ndarray) -> None:
        """Fills a contiguous float32 array with the first numbers of stream `index`."""
        self._state["state"]["counter"][3] = index
        self._philox.state = self._state
        self._generator.standard_normal(out=out, dtype=np.float32)
