"""Explanations through a gateway: how soon it is told how near they are, how soon they end, and
what it saves to ask for many at once.

The first message that carries a computed margin, over calls one after another. An explanation for
which nobody waits: as many as a replica works at are let go in the middle of the search, and the
time runs until the next one's first message, which none of them may hold up. Sixteen questions one
after another, then at once: the same answers, byte by byte. Their target is any other class, as
where nobody names one; the same is told of questions with one target, which are of very different
length, so that at the end one replica may be without work.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from directrix.client import Client, Explanation, ExplanationProgress
from tests.benchmarks import bundled
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.system import running

CALLS, LET_GO, TOGETHER, TURNS = 50, 20, 16, 3
SEED, COMPONENTS, SAMPLES = 7004, 10, 512
BUSY = 1
"""Explanations that a replica works at, at once."""
WARM = 4
WANTED = 0.95
TARGET = "boot"
"""Some samples are far from it, and take six times as long as others."""


def measure(evidence: Evidence) -> None:
    with _asking("lite") as ask:
        first = [_first(ask(index)) for index in range(CALLS)]
        late = [_after_letting_go(ask, index) for index in range(LET_GO)]
        _milliseconds(evidence, "first_progress_ms_p95", first, 300)
        _milliseconds(evidence, "let_go_ms_p95", late, 200)
    with _asking("full") as ask:
        _together(evidence, lambda index: ask(index, ""), "speedup_16")
        _together(evidence, ask, "speedup_16_one_target")


Events = Iterator[Explanation | ExplanationProgress]


class Ask(Protocol):
    """A question about a sample, by its index."""

    def __call__(self, index: int, target: str = TARGET) -> Events: ...


@contextmanager
def _asking(profile: str) -> Iterator[Ask]:
    """A running system that has answered a few questions already."""
    folder = Path(f"build/bench/stack-{profile}")
    with running(folder, profile) as system, Client(system.endpoint) as client:
        bundled.register(client, bundled.GENERATOR, bundled.CLASSIFIER)
        found = client.discover(
            bundled.GENERATOR, "sefa", predictors=[bundled.CLASSIFIER],
            parameters={"space": "w", "components": COMPONENTS}, samples=SAMPLES, seed=SEED,
        ).result()  # fmt: skip

        def ask(index: int, target: str = TARGET) -> Events:
            return client.stream_explanation(
                bundled.GENERATOR, bundled.CLASSIFIER, found.finding_set,
                seed=SEED, index=index, target=target, target_probability=WANTED,
            )  # fmt: skip

        with ThreadPoolExecutor(WARM) as threads:
            list(threads.map(lambda i: list(ask(CALLS + i)), range(2 * WARM)))
        yield ask


def _first(events: Events) -> float:
    """Seconds to the first message, which tells a margin; the rest is not waited for."""
    began = time.perf_counter()
    event = next(events)
    passed = time.perf_counter() - began
    if not isinstance(event, ExplanationProgress) or not np.isfinite(event.margin):
        raise RuntimeError("the first message tells no margin")
    events.close()
    return passed


def _after_letting_go(ask: Ask, index: int) -> float:
    """Seconds from when BUSY searches are let go to another one's first message."""
    others = [ask(index * BUSY + place) for place in range(BUSY)]
    for events in others:
        next(events)
        next(events)
    for events in others:
        events.close()
    return _first(ask(CALLS + index))


def _together(evidence: Evidence, ask: Callable[[int], Events], name: str) -> None:
    def answer(index: int) -> Explanation:
        *_, last = ask(index)
        assert isinstance(last, Explanation)
        return last

    ratios, different = [], 0
    for _ in range(TURNS):
        began = time.perf_counter()
        alone = [answer(index) for index in range(TOGETHER)]
        one_by_one = time.perf_counter() - began
        began = time.perf_counter()
        with ThreadPoolExecutor(TOGETHER) as threads:
            at_once = list(threads.map(answer, range(TOGETHER)))
        together = time.perf_counter() - began
        evidence.row(what=name, one_by_one=one_by_one, at_once=together)
        ratios.append(one_by_one / together)
        pairs = zip(alone, at_once, strict=True)
        different += sum(a.image.digest != b.image.digest for a, b in pairs)
    ratio = float(np.median(ratios))
    evidence.figure(name, ratio, "ratio, median of turns", at_least=1.8, n=TURNS)
    evidence.figure(f"{name}_least", min(ratios), "ratio, least of turns", n=TURNS)
    label = name.replace("speedup_16", "different_at_once")
    evidence.figure(label, different, "images", at_most=0, n=TOGETHER * TURNS)


def _milliseconds(evidence: Evidence, name: str, seconds: Sequence[float], most: float) -> None:
    for each in seconds:
        evidence.row(what=name, milliseconds=round(1000 * each, 3))
    value = float(np.percentile(seconds, 95)) * 1000
    evidence.figure(name, value, "ms", at_most=most, n=len(seconds))
