"""The end of a generator's training: what it draws stays, how often it draws it is put right.

Critics judge single pictures, and what is rare is seldom judged. Here none has a say. The transport
of `matching` moves readings to where they belong, while every picture is held near the one that
the generator drew from the same z and noise before. The readers are frozen regressors that no
earlier part has followed, so what they read is not yet bent towards them.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from directrix.generators.style_network import StyleNetwork
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.zoo.avatars.matching import Matching, read
from directrix.zoo.style_training import half_precision


@dataclass(frozen=True)
class Settlement:
    """How long, how fast, and what weighs how much."""

    images: int = 80_000
    batch: int = 32
    rate: float = 1.5e-4
    decay_from: float = 0.3
    hold: float = 1.5
    """Of the mean squared change of the pixels, in [-1, 1]."""
    single: float = 2.0
    """How much further apart single factors count than sums of two."""
    average_images: int = 6_000
    """Half-life of the moving average."""
    shown: int = 8_000
    """Avatars that say where readings belong."""


class Settling:
    """Holds the networks, the optimiser and the random stream; `step` advances all of them."""

    def __init__(
        self,
        network: StyleNetwork,
        schedule: Settlement,
        images: Tensor,
        readers: Sequence[ConvolutionalNetwork],
        seed: int,
    ):
        self.random = torch.Generator().manual_seed(seed)
        self.schedule, self.readers, self.done = schedule, readers, 0
        layout = {"memory_format": torch.channels_last}
        self.before = copy.deepcopy(network).requires_grad_(False).to(**layout)
        self.network = copy.deepcopy(network).requires_grad_(True).to(**layout)
        self.average = copy.deepcopy(network).requires_grad_(False).to(**layout)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), schedule.rate, (0.5, 0.99), fused=True
        )
        shown = images[: schedule.shown].split(500)
        with torch.no_grad():
            seen = [torch.cat([read(reader, batch) for batch in shown]) for reader in readers]
        self.matchings = nn.ModuleList([Matching(rows, schedule.single) for rows in seen])

    @property
    def finished(self) -> bool:
        return self.done * self.schedule.batch >= self.schedule.images

    def step(self) -> dict[str, float]:
        """One update; returns the losses."""
        self._set_rate()
        z, noise = self._draw()
        w = self.network.mapping(z)
        drawn = _synthesise(self.network, w, noise)
        with torch.no_grad():
            was = _synthesise(self.before, self.before.mapping(z), noise)
        pairs = zip(self.matchings, self.readers, strict=True)
        apart = torch.stack([matching(read(reader, drawn)) for matching, reader in pairs]).mean()
        changed = (drawn.float() - was.float()).square().mean()
        self.optimiser.zero_grad(set_to_none=True)
        (apart + self.schedule.hold * changed).backward()
        self.optimiser.step()
        self._track(w.detach().mean(0))
        self.done += 1
        return {"apart": apart.item(), "changed": changed.item()}

    def save(self, path: Path) -> None:
        parts = ("network", "average", "optimiser", "matchings")
        state = {name: getattr(self, name).state_dict() for name in parts}
        state |= {"random": self.random.get_state(), "done": self.done}
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.done = state.pop("done")
        self.random.set_state(state.pop("random"))
        for name, value in state.items():
            getattr(self, name).load_state_dict(value)

    def _draw(self) -> tuple[Tensor, dict[str, Tensor]]:
        batch = self.schedule.batch
        z = torch.randn(batch, self.network.config.z_dim, generator=self.random)
        noise = {
            name: torch.randn(batch, *constant.shape[1:], generator=self.random)
            for name, constant in self.network.constant_noise().items()
        }
        return z, noise

    def _set_rate(self) -> None:
        left = 1 - self.done * self.schedule.batch / self.schedule.images
        factor = min(1.0, left / (1 - self.schedule.decay_from) + 0.02)
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.rate * factor

    def _track(self, mean: Tensor) -> None:
        keep = 0.5 ** (self.schedule.batch / self.schedule.average_images)
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
            for slow, fast in pairs:
                slow.lerp_(fast, 1 - keep)
            self.average.mapping.w_avg.lerp_(mean, 0.002)


def _synthesise(network: StyleNetwork, w: Tensor, noise: dict[str, Tensor]) -> Tensor:
    styles = network.styles(w[:, None].expand(-1, network.config.num_ws, -1))
    with half_precision():
        return network.synthesise(styles, noise)
