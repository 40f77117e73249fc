"""ICE's Gram matrices by the published procedure, by torch.func in chunks, and by our own probe.

published   one latent, one criterion: a backward pass an output ("direct"), or, where outputs
            outnumber coordinates, a forward and a backward pass a coordinate of
            1/2 |c(u + a e_i) - c(u)|^2, divided by a^2 ("approx"), a = 1e-4 of the mean of |u|
torch.func  the criterions that have more outputs than coordinates in one function, whose products
            vmap(jvp) takes in chunks; the others in another one, by jacrev in chunks as large
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.criterions.probe import Probe
from directrix.jacobians import CHUNK

Measure = Callable[[Tensor], Tensor]

NEARNESS = 1e-4
"""Of the mean of |u|: the step of "approx"."""


@dataclass(frozen=True, eq=False)
class Rivals:
    """Rivals of one probe; its tangents are all coordinates of its space."""

    probe: Probe

    def published(self, point: Tensor) -> np.ndarray:
        """[c, D, D]."""
        return np.stack(
            [
                self._direct(m, point) if n <= point.numel() else self._approx(m, point)
                for m, n in zip(*self.measures(point), strict=True)
            ]
        )

    def torch_func(self, point: Tensor) -> np.ndarray:
        """[c, D, D]."""
        measures, outputs = self.measures(point)
        wide = [i for i, n in enumerate(outputs) if n > point.numel()]
        narrow = [i for i, n in enumerate(outputs) if n <= point.numel()]
        found: dict[int, np.ndarray] = {}
        if wide:
            forward = self._through([measures[i] for i in wide])
            rows = torch.vmap(
                lambda t: torch.func.jvp(forward, (point,), (t,))[1], chunk_size=CHUNK
            )(self.probe.tangents)
            found |= dict(
                zip(wide, _grams([r.T for r in _split(rows, outputs, wide)]), strict=True)
            )
        if narrow:
            both = torch.func.jacrev(
                self._through([measures[i] for i in narrow]), chunk_size=CHUNK
            )(point)
            parts = _split(both.flatten(1).T, outputs, narrow)
            found |= dict(zip(narrow, _grams([p.T for p in parts]), strict=True))
        return np.stack([found[i] for i in range(len(measures))])

    def measures(self, point: Tensor) -> tuple[list[Measure], list[int]]:
        """The criterions near the picture of a point, and how many outputs each has."""
        with torch.no_grad():
            image = self._picture(point)
            measures = [criterion.at(image[0]) for criterion in self.probe.criterions]
            return measures, [m(image).shape[1] for m in measures]

    def _picture(self, point: Tensor) -> Tensor:
        return self.probe.generator.synthesise(point[None], self.probe.space)

    def _through(self, measures: Sequence[Measure]) -> Callable[[Tensor], Tensor]:
        def through(point: Tensor) -> Tensor:
            image = self._picture(point)
            return torch.cat([measure(image)[0] for measure in measures])

        return through

    def _direct(self, measure: Measure, point: Tensor) -> np.ndarray:
        u = point.clone().requires_grad_(True)
        values = measure(self._picture(u))[0]
        rows = [torch.autograd.grad(v, u, retain_graph=True)[0].flatten() for v in values]
        return _grams([torch.stack(rows)])[0]

    def _approx(self, measure: Measure, point: Tensor) -> np.ndarray:
        step = NEARNESS * float(point.abs().mean())
        with torch.no_grad():
            before = measure(self._picture(point))
        rows = []
        for tangent in self.probe.tangents:
            n = tangent.clone().requires_grad_(True)
            loss = (measure(self._picture(point + step * n)) - before).square().sum() / 2
            rows.append(torch.autograd.grad(loss, n)[0].flatten())
        gram = torch.stack(rows).double().numpy() / step**2
        return (gram + gram.T) / 2


def relative_errors(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """[c] of matrices [c, D, D]: Frobenius norm of the difference over that of `wanted`."""
    return np.linalg.norm(found - wanted, axis=(1, 2)) / np.linalg.norm(wanted, axis=(1, 2))


def _split(columns: Tensor, outputs: Sequence[int], chosen: Sequence[int]) -> Sequence[Tensor]:
    return columns.split([outputs[i] for i in chosen], 1)


def _grams(jacobians: Sequence[Tensor]) -> list[np.ndarray]:
    rows = [j.detach().double().numpy() for j in jacobians]
    return [r.T @ r for r in rows]
