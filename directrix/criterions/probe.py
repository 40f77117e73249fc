"""Jacobians of several criterions at one latent, sharing what they have in common.

Every criterion reads the same picture, so the generator's tangents can be pushed once for all of
them, and each then costs passes through its own network only. Where few outputs are wanted it is
cheaper to pull them back through criterion and generator at once. Style-based generators push by
hand (`directrix.generators.style_tangents`), which is why they nearly always push.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.criterions.criterion import Criterion
from directrix.errors import InvalidField
from directrix.generators import Generator
from directrix.jacobians import (
    BACKWARD,
    EXACT,
    Map,
    Route,
    choose,
    has_gradient,
    jacobian,
    pull,
)
from directrix.types import Space

OWN = 0.5
"""What a pass through a criterion's network alone costs, in passes through all (measured)."""

PICTURES = 2**28
"""Numbers that the pushed tangents of a picture may have: 1 GiB."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Where and along what Jacobians are taken.

    tangents: [D, *latent], the moves of `space` whose slopes are wanted. route: the cheapest where
    none is given.
    """

    generator: Generator
    space: Space
    tangents: Tensor
    criterions: tuple[Criterion, ...]
    route: Route | None = None

    def jacobians(
        self, point: Tensor, seed: int = 0, reference: Tensor | None = None
    ) -> list[np.ndarray]:
        """At a latent [*latent]: one float64 [m, D] a criterion; a sketch has fewer rows.

        seed: of sketches. reference: the latent whose picture criterions freeze their masks at; the
        point itself where none is given. Raises what the criterions raise.
        """
        with torch.no_grad():
            image = self._picture(point[None])[0]
            frozen = image if reference is None else self._picture(reference[None])[0]
            measures = self._measures(frozen)
            outputs = [measure(image[None]).shape[1] for measure in measures]
        if self._shares(image.numel(), outputs):
            tangents = self.generator.push(point, self.tangents, self.space)
            return [jacobian(m, image, tangents, self.route, seed) for m in measures]
        routes = [self._route(m, image, n) for m, n in zip(measures, outputs, strict=True)]
        pulled = [place for place, route in enumerate(routes) if route is Route.VJP]
        found = self._pull(point, [measures[i] for i in pulled], [outputs[i] for i in pulled])
        together = dict(zip(pulled, found, strict=True))
        return [
            together[place]
            if place in together
            else jacobian(self._through([m]), point, self.tangents, routes[place], seed)
            for place, m in enumerate(measures)
        ]

    def grams(self, point: Tensor, seed: int = 0) -> np.ndarray:
        """J^T J of every criterion: float64 [c, D, D]."""
        return np.stack([rows.T @ rows for rows in self.jacobians(point, seed)])

    def strides(self, start: Tensor, move: np.ndarray, seed: int = 0) -> list[np.ndarray]:
        """Jacobians at the end of a move, that tell along it what changed on the way.

        start: [*latent]. move: [D], not zero. Float64 [m, D] a criterion: J + (d - J m) m^T / m^T m
        with d the change of the criterion from start to end, frozen at the start, so that m tells
        d itself and a small tilt of m tells to first order what it adds there. Raises
        InvalidField where J would be a sketch. Source: Broyden, "A class of methods for solving
        nonlinear simultaneous equations", Math. Comp. 19 (1965), equation 4.5.
        """
        end = start + torch.tensordot(torch.from_numpy(move).to(start), self.tangents, 1)
        with torch.no_grad():
            before, after = (self._picture(u[None]) for u in (start, end))
            measures = self._measures(before[0])
            changes = [(measure(after) - measure(before))[0] for measure in measures]
        found = []
        for rows, changed in zip(self.jacobians(end, seed, start), changes, strict=True):
            if len(rows) != len(changed):
                raise InvalidField(
                    f"a stride needs whole Jacobians, and one of {len(changed)} outputs is "
                    "sketched: take products jvp or vjp, or a smaller side",
                    field="parameters.stride",
                )
            missed = changed.double().cpu().numpy() - rows @ move
            found.append(rows + np.outer(missed, move) / (move @ move))
        return found

    def stride_grams(self, start: Tensor, move: np.ndarray, seed: int = 0) -> np.ndarray:
        """J^T J of every criterion's `strides`: float64 [c, D, D]."""
        return np.stack([rows.T @ rows for rows in self.strides(start, move, seed)])

    def _measures(self, image: Tensor) -> list[Map]:
        """Of every criterion, frozen at a picture [C, H, W]."""
        return [criterion.at(image) for criterion in self.criterions]

    def _picture(self, latents: Tensor) -> Tensor:
        return self.generator.synthesise(latents, self.space)

    def _through(self, measures: Sequence[Map]) -> Map:
        """Latents -> all measures of their pictures, side by side."""

        def through(latents: Tensor) -> Tensor:
            images = self._picture(latents)
            return torch.cat([measure(images) for measure in measures], 1)

        return through

    def _pull(
        self, point: Tensor, measures: Sequence[Map], outputs: Sequence[int]
    ) -> list[np.ndarray]:
        """One Jacobian a measure, from one evaluation of the generator."""
        if not sum(outputs):
            return [np.zeros((0, len(self.tangents))) for _ in measures]
        cotangents = torch.eye(sum(outputs), dtype=point.dtype, device=point.device)
        rows = pull(self._through(measures), point, cotangents).flatten(1).double().cpu().numpy()
        columns = self.tangents.flatten(1).double().cpu().numpy().T
        return np.split(rows @ columns, np.cumsum(outputs)[:-1])

    def _route(self, measure: Map, image: Tensor, outputs: int) -> Route | None:
        """None, for differences, where the measure has no gradient."""
        if not has_gradient(measure, image):
            return None
        return self.route or choose(len(self.tangents), outputs)

    def _shares(self, pixels: int, outputs: Sequence[int]) -> bool:
        """Whether to push the generator's tangents once, for all criterions."""
        inputs = len(self.tangents)
        if self.route is not None:
            return self.route is Route.JVP
        each = [min(inputs, BACKWARD * count) for count in outputs]
        fits = pixels * inputs <= PICTURES and inputs <= EXACT
        pushed = inputs * self.generator.tangent_cost
        return fits and pushed + OWN * sum(each) < sum(each)
