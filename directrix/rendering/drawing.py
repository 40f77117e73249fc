"""Drawing: plans and latents -> images on the device, in batches that leave every row alone."""

import contextlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from directrix.batches import BATCH, Steady, fill
from directrix.devices import preview_dtype
from directrix.generators import Generator, Tap
from directrix.rendering.conversion import Conversion
from directrix.rendering.features import Canvas, Kept, kept_taps, unit_taps
from directrix.rendering.plan import Plan
from directrix.rendering.routes import Routes
from directrix.types import Form, Noise, Space

PREVIEW_BATCH = 64
"""Rows a preview batch at most."""

PROBES = 2
"""Batches that decide how images are drawn; every row of them is a whole image."""


class Drawing:
    """Draws at most `batch` rows at a time."""

    def __init__(self, generator: Generator, conversion: Conversion):
        self._generator = generator
        self._conversion = conversion
        self._routes = Routes(generator, conversion)
        self._steady: dict[tuple[Space, Noise], Steady] = {}

    def batch(self, space: Space, noise: Noise, form: Form) -> int:
        """How many rows one call may draw."""
        return PREVIEW_BATCH if form is Form.PREVIEW else self._network(space, noise).batch

    def points(self, plans: Sequence[Plan], region: int | None = None) -> np.ndarray:
        """Where the plans' edits end, outside all masks and channels (None) or inside one.

        float32 [n, ...].
        """
        return self._routes.walk(plans, region)

    def plans(self, plans: Sequence[Plan], form: Form) -> Tensor:
        """Images float [n, C, H, W] of plans of one kind."""
        taps = unit_taps(plans, self._generator.card)
        if plans[0].regions:
            return self._regions(plans, form, taps)
        if plans[0].channels:
            return self._within(plans, form, taps)
        return self._draw(self._tensor(self.points(plans)), plans, form, taps)

    def latents(self, rows: Tensor, space: Space, form: Form) -> Tensor:
        """Images float [n, C, H, W] of latents, with constant noise."""
        return self._synthesise(rows, space, form, Noise.CONSTANT, (), {})

    def _regions(self, plans: Sequence[Plan], form: Form, taps: Mapping[str, Tap]) -> Tensor:
        """Base first; then every region, its features let through inside its mask only."""
        canvas = Canvas(self._generator.card, taps)
        base = self._tensor(self.points(plans))
        image = self._draw(base, plans, form, canvas.record(), whole=True)
        for region in range(len(plans[0].regions)):
            masks = torch.from_numpy(np.stack([plan.regions[region].mask for plan in plans]))
            area = masks[:, None].to(self._generator.device)
            full = area if form is Form.PREVIEW else fill(area, self._whole(plans))
            points = self._tensor(self.points(plans, region))
            edited = self._draw(points, plans, form, canvas.paint(full), whole=True)
            image = image + area * (edited - image)
        return image

    def _within(self, plans: Sequence[Plan], form: Form, taps: Mapping[str, Tap]) -> Tensor:
        """Moved latents first; then the base, whose chosen channels take their features."""
        passes = []
        for part in range(len(plans[0].channels)):
            kept = Kept([plan.channels[part].units for plan in plans])
            moved = self._tensor(self.points(plans, part))
            self._draw(moved, plans, form, kept.record(taps), whole=True)
            passes.append(kept)
        base = self._tensor(self.points(plans))
        return self._draw(base, plans, form, kept_taps(passes, taps), whole=True)

    def _draw(
        self,
        rows: Tensor,
        plans: Sequence[Plan],
        form: Form,
        taps: Mapping[str, Tap],
        whole: bool = False,
    ) -> Tensor:
        if whole and form is Form.RESULT:
            rows = fill(rows, self._whole(plans))
        seeds = [plan.recipe.noise_seed for plan in plans]
        first = plans[0]
        made = self._synthesise(rows, first.end, form, first.recipe.noise, seeds, taps)
        return made[: len(plans)]

    def _synthesise(
        self,
        rows: Tensor,
        space: Space,
        form: Form,
        noise: Noise,
        seeds: Sequence[int],
        taps: Mapping[str, Tap],
    ) -> Tensor:
        count = len(rows)
        if form is Form.RESULT:
            rows = fill(rows, self._network(space, noise).size(count))
        if noise is Noise.SEEDED:
            seeds = [*seeds, *[seeds[0]] * (len(rows) - len(seeds))]
        with precision(form, self._generator.device):
            return self._generator.synthesise(rows, space, noise, seeds, taps)[:count].float()

    def _whole(self, plans: Sequence[Plan]) -> int:
        return self._network(plans[0].end, plans[0].recipe.noise).batch

    def _network(self, space: Space, noise: Noise) -> Steady:
        key = (space, noise)
        if key not in self._steady:
            seeds = (0,) * BATCH

            def network(rows: Tensor) -> Tensor:
                return self._generator.synthesise(rows, space, noise, seeds[: len(rows)])

            self._steady[key] = Steady(network, lambda i: self._conversion.probe(space, i), PROBES)
        return self._steady[key]

    def _tensor(self, points: np.ndarray) -> Tensor:
        return torch.from_numpy(points).to(self._generator.device)


def precision(form: Form, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Previews compute in the device's native short floats, results in float32."""
    dtype = preview_dtype(device) if form is Form.PREVIEW else None
    return contextlib.nullcontext() if dtype is None else torch.autocast(device.type, dtype)
