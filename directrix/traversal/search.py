"""Training the directions, in rounds that a journal can keep.

A round's state is whole: parameters and both moments of Adam. Chance and latents of an iteration
follow from its number, so that a search that goes on from any round ends the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.densities import Step
from directrix.traversal.features import FeatureReader
from directrix.traversal.forms import Form, Parametrisation, parametrise, settle, start, start_at
from directrix.traversal.objective import Changes, Weights, changes, loss

Draw = Callable[[int, int], Tensor]
"""(first, count) -> latents [count, d] of the population."""


@dataclass(frozen=True)
class SearchSettings:
    """How directions are trained; strides in the population's SD; the rate falls to 0 linearly."""

    count: int
    steps: int
    form: Form
    weights: Weights
    stride: float
    batch: int
    rate: float
    per_channel: bool


@dataclass(frozen=True, eq=False)
class Search:
    """Looks for unit directions [k, d] of a latent space.

    spreads: of the channels of every layer, as `FeatureReader.spread` gives them. unit: latent
    units a SD of the population. basis: orthonormal rows [d, d] whose first ones the search begins
    with; none: it begins at random.
    """

    reader: FeatureReader
    step: Step
    draw: Draw
    spreads: list[Tensor]
    unit: float
    settings: SearchSettings
    seed: int
    basis: Tensor | None = None

    def begin(self, dimension: int) -> np.ndarray:
        """The first state [3, rows, d]: parameters, first and second moments."""
        form, count = self.settings.form, self.settings.count
        if self.basis is None:
            raw = start(form, count, dimension, torch.Generator().manual_seed(self.seed))
        else:
            raw = start_at(form, count, self.basis.cpu())
        raw = settle(form, raw)
        return torch.stack([raw, torch.zeros_like(raw), torch.zeros_like(raw)]).numpy()

    def advance(self, state: np.ndarray, first: int, last: int) -> np.ndarray:
        """Iterations first .. last of the training: the next state."""
        settings = self.settings
        raw = torch.from_numpy(state[0].copy()).to(self._device).requires_grad_()
        optimiser = torch.optim.Adam([raw], settings.rate)
        moments = [torch.from_numpy(part.copy()).to(self._device) for part in state[1:]]
        optimiser.state[raw] = {
            "step": torch.tensor(float(first)),
            "exp_avg": moments[0],
            "exp_avg_sq": moments[1],
        }
        with torch.enable_grad():
            for iteration in range(first, last):
                left = 1 - iteration / settings.steps
                optimiser.param_groups[0]["lr"] = settings.rate * left
                optimiser.zero_grad(set_to_none=True)
                self._loss(raw, iteration).backward()
                optimiser.step()
                with torch.no_grad():
                    raw.copy_(settle(settings.form, raw))
        return torch.stack([raw.detach(), *moments]).cpu().numpy()

    def directions(self, state: np.ndarray) -> Tensor:
        """Unit rows [k, d] of a state."""
        raw = torch.from_numpy(state[0].copy()).to(self._device)
        return self._parametrised(raw)

    @torch.no_grad()
    def measure(self, directions: Tensor, first: int, count: int, stride: float) -> np.ndarray:
        """[k, 1 + k]: variation of every direction, and squared cosines between all of them.

        On `count` latents from number `first` on, at one stride in SD.
        """
        k = len(directions)
        total = torch.zeros(k, 1 + k, dtype=torch.float64)
        for latent in self.draw(first, count):
            moved = self._changes(latent.expand(k, -1), stride * self.unit * directions)
            total[:, 0] += moved.variation().double().cpu()
            total[:, 1:] += _cosines(moved).double().cpu()
        return (total / count).numpy()

    @property
    def _parametrised(self) -> Parametrisation:
        return parametrise(self.settings.form, self.settings.count, self.basis)

    @property
    def _device(self) -> torch.device:
        return self.reader.generator.device

    def _loss(self, raw: Tensor, iteration: int) -> Tensor:
        settings, n = self.settings, self.settings.batch
        chance = torch.Generator().manual_seed((self.seed * 1_000_003 + iteration + 1) % 2**63)
        directions = self._parametrised(raw)
        chosen = torch.randint(settings.count, (2, n), generator=chance).to(self._device)
        stride = settings.stride * (2 * torch.rand((n, 1), generator=chance) - 1)
        stride = stride.to(self._device) * self.unit
        latents = self.draw(iteration * n, n)
        with torch.no_grad():
            before = self.reader(latents)
        moved = self.step(latents.repeat(2, 1), (stride * directions[chosen]).flatten(0, 1))
        after = self.reader(moved)
        first = changes(before, [part[:n] for part in after], self.spreads)
        second = changes(before, [part[n:] for part in after], self.spreads)
        different = chosen[0] != chosen[1]
        return loss(first, second, different, directions, settings.weights, settings.per_channel)

    def _changes(self, latents: Tensor, displacements: Tensor) -> Changes:
        """Of one latent [k, d], moved along all directions."""
        before = [part.expand(len(latents), -1, -1, -1) for part in self.reader(latents[:1])]
        return changes(before, self.reader(self.step(latents, displacements)), self.spreads)


def _cosines(moved: Changes) -> Tensor:
    """Squared cosines [k, k] between the changes of k directions, the mean over layers."""
    squares = []
    for change in moved.layers:
        rows = torch.nn.functional.normalize(change.flatten(1))
        squares.append((rows @ rows.T).square())
    return torch.stack(squares).mean(0)
