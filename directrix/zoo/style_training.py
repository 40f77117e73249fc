"""Training of a compact style-based generator: seeded, resumable, one step at a time.

Source: Karras et al. (arXiv 1912.04958): non-saturating logistic loss, lazy R1 regularisation,
style mixing, exponential moving average of the generator. Convolutions run in bfloat16; mapping,
styles, the penalty and all weights stay float32.
"""

import copy
import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.zoo.discriminator import Discriminator


@dataclass(frozen=True)
class Schedule:
    """How long and how fast; counts are images shown to the discriminator."""

    images: int
    batch: int = 32
    rate: float = 2e-3
    decay_from: float = 0.6
    """Fraction of the run after which the rate falls linearly to a twentieth."""
    penalty: float = 0.05
    """R1 gamma."""
    penalty_every: int = 16
    mixing: float = 0.3
    average_images: int = 20_000
    """Half-life of the moving average."""
    critic: tuple[int, ...] = (24, 48, 96, 128)
    """Channels of the discriminator, from the image down to 4 x 4."""


class StyleTraining:
    """Holds networks, optimisers and the random stream; `step` advances all of them."""

    def __init__(self, config: StyleConfig, schedule: Schedule, images: Tensor, seed: int):
        torch.manual_seed(seed)
        self.random = torch.Generator().manual_seed(seed)
        self.config, self.schedule, self.images = config, schedule, images
        layout = {"memory_format": torch.channels_last}
        self.network = StyleNetwork(config).to(**layout)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.critic = Discriminator(config.image_channels, config.crop, schedule.critic)
        self.critic.to(**layout)
        self.g_optimiser = torch.optim.Adam(
            self.network.parameters(), schedule.rate, (0.0, 0.99), fused=True
        )
        lazy = schedule.penalty_every / (schedule.penalty_every + 1)
        self.d_optimiser = torch.optim.Adam(
            self.critic.parameters(), schedule.rate * lazy, (0.0, 0.99**lazy), fused=True
        )
        self.rates = [schedule.rate, schedule.rate * lazy]
        self.done = 0

    @property
    def finished(self) -> bool:
        return self.done * self.schedule.batch >= self.schedule.images

    def step(self) -> dict[str, float]:
        """One discriminator and one generator update; returns the losses."""
        self._set_rate()
        real, fake = self._real(), self._fake()
        pairs = zip(self._judge(real), self._judge(fake.detach()), strict=True)
        d_loss = sum((_wrong(-a) + _wrong(b) for a, b in pairs), torch.zeros(()))
        if self.done % self.schedule.penalty_every == 0:
            d_loss = d_loss + self._penalty(real)
        _descend(self.d_optimiser, d_loss)
        self.critic.requires_grad_(False)
        g_loss = sum((_wrong(-logits) for logits in self._judge(fake)), self._besides(fake))
        _descend(self.g_optimiser, g_loss)
        self.critic.requires_grad_(True)
        self._track()
        self.done += 1
        return {"critic": d_loss.item(), "generator": g_loss.item()}

    def save(self, path: Path) -> None:
        parts = ("network", "average", "critic", "g_optimiser", "d_optimiser")
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

    def _real(self) -> Tensor:
        index = torch.randint(len(self.images), (self.schedule.batch,), generator=self.random)
        return self.images[index]

    def _fake(self) -> Tensor:
        batch, config = self.schedule.batch, self.config
        z = torch.randn(2 * batch, config.z_dim, generator=self.random)
        w = self.network.mapping(z)
        self.network.mapping.w_avg.lerp_(w.detach().mean(0), 0.002)
        first, second = w.chunk(2)
        cut = torch.randint(1, config.num_ws, (batch,), generator=self.random)
        mixed = torch.rand(batch, generator=self.random) < self.schedule.mixing
        cut = torch.where(mixed, cut, config.num_ws)
        layer = torch.arange(config.num_ws)
        ws = torch.where((layer < cut[:, None])[:, :, None], first[:, None], second[:, None])
        noise = {
            name: torch.randn(batch, *n.shape[1:], generator=self.random)
            for name, n in self.network.constant_noise().items()
        }
        styles = self.network.styles(ws)
        with half_precision():
            return self.network.synthesise(styles, noise)

    def _judge(self, images: Tensor) -> list[Tensor]:
        """Logits of every judge: here of the discriminator alone, [N]."""
        with half_precision():
            return [self.critic(images).float()]

    def _besides(self, fake: Tensor) -> Tensor:
        """What the generator is to bring down besides its judges' verdicts: here nothing."""
        return torch.zeros(())

    def _penalty(self, real: Tensor) -> Tensor:
        real = real.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(self.critic(real).sum(), real, create_graph=True)
        weight = self.schedule.penalty / 2 * self.schedule.penalty_every
        return slope.square().sum((1, 2, 3)).mean() * weight

    def _set_rate(self) -> None:
        progress = self.done * self.schedule.batch / self.schedule.images
        start = self.schedule.decay_from
        fallen = (progress - start) / (1 - start) if progress > start else 0.0
        factor = 1.0 - 0.95 * min(1.0, fallen)
        for optimiser, rate in zip((self.g_optimiser, self.d_optimiser), self.rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor

    def _track(self) -> None:
        shown = (self.done + 1) * self.schedule.batch
        half_life = min(self.schedule.average_images, 0.1 * shown)
        keep = math.pow(0.5, self.schedule.batch / max(half_life, 1e-8))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
            for slow, fast in pairs:
                slow.lerp_(fast, 1 - keep)
            for slow, fast in zip(self.average.buffers(), self.network.buffers(), strict=True):
                slow.copy_(fast)


def half_precision() -> torch.autocast:
    """Convolutions and products in bfloat16."""
    return torch.autocast("cpu", torch.bfloat16)


def _wrong(logits: Tensor) -> Tensor:
    """The logistic loss of logits that should be far below 0."""
    return F.softplus(logits).mean()


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
