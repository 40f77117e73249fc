"""Training of a small DCGAN: seeded, resumable by being repeated, one step at a time.

Source: Radford et al. (arXiv 1511.06434), section 4: batch normalisation in both networks, Adam at
2e-4 with beta_1 = .5, weights from N(0, .02); the loss is the non-saturating logistic one.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from directrix.generators.dcgan import Config, DcganNetwork
from directrix.zoo.pictures import as_floats

PARTS = ("network", "critic", "g_optimiser", "d_optimiser")


@dataclass(frozen=True)
class DcganSchedule:
    """How fast; the discriminator's widths are listed from the image downwards."""

    batch: int = 64
    rate: float = 2e-4
    critic: tuple[int, ...] = (24, 48, 96)


class Critic(nn.Module):
    """Images [N, C, side, side] -> logits [N]; every layer halves the side."""

    def __init__(self, channels: int, side: int, widths: tuple[int, ...]):
        super().__init__()
        layers: list[nn.Module] = []
        inputs = channels
        for place, width in enumerate(widths):
            layers.append(nn.Conv2d(inputs, width, 4, 2, 1, bias=place == 0))
            layers += [nn.BatchNorm2d(width)] if place else []
            layers.append(nn.LeakyReLU(0.2))
            inputs, side = width, side // 2
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * side * side, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)[:, 0]


class DcganTraining:
    """Holds both networks, their optimisers and the random stream.

    images: [N, C, side, side], floats in [-1, 1] or bytes.
    """

    def __init__(self, config: Config, schedule: DcganSchedule, images: Tensor, seed: int):
        self.random = torch.Generator().manual_seed(seed)
        self.config, self.schedule, self.images = config, schedule, images
        self.network = DcganNetwork(config)
        self.critic = Critic(config.image_channels, images.shape[2], schedule.critic)
        for part in (self.network, self.critic):
            _initialise(part, self.random)
        rate, betas = schedule.rate, (0.5, 0.999)
        self.g_optimiser = torch.optim.Adam(self.network.parameters(), rate, betas)
        self.d_optimiser = torch.optim.Adam(self.critic.parameters(), rate, betas)
        self.shown = 0

    def step(self) -> dict[str, float]:
        """One update of each network; returns the losses."""
        batch = self.schedule.batch
        index = torch.randint(len(self.images), (batch,), generator=self.random)
        z = torch.randn(batch, self.config.z_dim, generator=self.random)
        fake = self.network(z)
        d_loss = F.softplus(-self.critic(as_floats(self.images[index]))).mean()
        d_loss = d_loss + F.softplus(self.critic(fake.detach())).mean()
        self.d_optimiser.zero_grad(set_to_none=True)
        d_loss.backward()
        self.d_optimiser.step()
        g_loss = F.softplus(-self.critic(fake)).mean()
        self.g_optimiser.zero_grad(set_to_none=True)
        g_loss.backward()
        self.g_optimiser.step()
        self.shown += batch
        return {"critic": d_loss.item(), "generator": g_loss.item()}

    def save(self, path: Path) -> None:
        state = {name: getattr(self, name).state_dict() for name in PARTS}
        state |= {"random": self.random.get_state(), "shown": self.shown}
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> None:
        """Goes on from what `save` wrote, as if it had never stopped."""
        state = torch.load(path, weights_only=True)
        self.shown = state.pop("shown")
        self.random.set_state(state.pop("random"))
        for name, value in state.items():
            getattr(self, name).load_state_dict(value)


def _initialise(network: nn.Module, random: torch.Generator) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02, generator=random)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=random)
