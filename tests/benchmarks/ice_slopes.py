"""Fits of ICE that share Jacobians of scores, and Gram matrices of what is much larger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from directrix.criterions import Scene, parse
from directrix.criterions.chart import Chart
from directrix.criterions.mirrored import Mirrored
from directrix.criterions.probe import Probe
from directrix.criterions.solution import Solution
from directrix.discovery import Problem
from directrix.methods.ice import Ice, IceParams, _deviations, alike


@dataclass(frozen=True, eq=False)
class Taken:
    """The checkpoint of a fit all of whose Jacobians have been taken."""

    state: Mapping[str, np.ndarray]

    def load(self) -> Mapping[str, np.ndarray]:
        return self.state

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        """There is nothing left to save."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """Of criterions at the latents of a problem, as the method takes them.

    rows: Jacobians [codes, 2, m, D] of the first criterions side by side, of pictures, then of
    their mirror images, both over sqrt(2). grams: of each of the others the sum [D, D] over latents
    that count alike, and the trace at each of them [codes].
    """

    rows: np.ndarray
    grams: Mapping[str, tuple[np.ndarray, np.ndarray]]


def take(
    problem: Problem,
    settings: IceParams,
    few: Sequence[str],
    many: Sequence[str] = (),
) -> Slopes:
    """Jacobians of `few` and Gram matrices of `many`; space, codes, side and margin as settings."""
    scene = Scene(problem.networks, _deviations(problem), settings.side, settings.margin)
    made = tuple(Mirrored(parse(text, scene)) for text in (*few, *many))
    chart = Chart.of(problem, settings.space, (), (), settings.metric)
    probe = Probe(problem.generator, chart.home, chart.tangents, made)
    size = len(chart.tangents)
    rows, sums, traces = [], np.zeros((len(many), size, size)), []
    for code in range(settings.codes):
        found = probe.jacobians(chart.point(code, np.zeros(size)))
        halves = [part.reshape(2, len(part) // 2, size) for part in found[: len(few)]]
        rows.append(np.concatenate(halves, 1))
        squares = [part.T @ part for part in found[len(few) :]]
        traces.append([np.trace(square) for square in squares])
        for total, square in zip(sums, squares, strict=True):
            total += alike(square[None])[0]
    each = zip(many, sums, np.array(traces).T, strict=True)
    return Slopes(np.stack(rows), {text: (total, own) for text, total, own in each})


def solve(
    problem: Problem,
    params: IceParams,
    slopes: Slopes,
    wanted: Sequence[int],
    held: Sequence[int],
    also: Sequence[str] = (),
) -> Solution:
    """What a fit of its own finds for what these rows tell, one criterion each, and others held.

    Without `mirror` what scores say of mirror images is left out. Latents count alike.
    """
    rows = slopes.rows if params.mirror else slopes.rows[:, :1] * 2**0.5
    count, size = len(rows), rows.shape[3]
    grams, sizes = [], []
    for chosen in (wanted, held):
        part = rows[:, :, list(chosen)].reshape(count, -1, size)
        own = np.square(part).sum((1, 2))
        part = part / np.sqrt(np.where(own > 0, own, 1.0))[:, None, None]
        grams.append(np.tensordot(part, part, ((0, 1), (0, 1))))
        sizes.append(own)
    for text in also:
        grams.append(slopes.grams[text][0])
        sizes.append(slopes.grams[text][1])
    state = {
        "done": np.array(count),
        "grams": np.stack(grams),
        "along": np.zeros(size),
        "sizes": np.stack(sizes, 1),
    }
    return Ice(params).solve(replace(problem, checkpoint=Taken(state)))
