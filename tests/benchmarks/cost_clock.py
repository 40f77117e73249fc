"""Seconds of rivals that take turns, and calls of the networks they share."""

import time
from collections.abc import Callable, Mapping
from statistics import median

from torch import Tensor

from directrix.generators.style import StyleGenerator
from directrix.predictors import Predictor

Clock = Callable[[], float]


def race(
    runs: Mapping[str, Callable[[], object]], times: int, clock: Clock = time.process_time
) -> tuple[dict[str, float], dict[str, object]]:
    """(median seconds, last result) of every run: a, b, c, a, b, c, ... after no warming up.

    Seconds are the process's own, so that other work on the machine does not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    results: dict[str, object] = {}
    for _ in range(times):
        for name, run in runs.items():
            began = clock()
            results[name] = run()
            seconds[name].append(clock() - began)
    return {name: median(each) for name, each in seconds.items()}, results


class CountedGenerator(StyleGenerator):
    """A style-based generator that counts how often it is called."""

    calls = 0

    @classmethod
    def of(cls, generator: StyleGenerator) -> "CountedGenerator":
        return cls(generator.card, generator._network, generator.device)

    def synthesise(self, *args: object, **kwargs: object) -> Tensor:
        self.calls += 1
        return super().synthesise(*args, **kwargs)


class CountedPredictor(Predictor):
    """A predictor that counts how often it is called."""

    calls = 0

    def __init__(self, inner: Predictor):
        super().__init__(inner.card, inner.device)
        self._inner = inner

    def scores(self, images: Tensor) -> Tensor:
        self.calls += 1
        return self._inner.scores(images)
