"""Training of an encoder on images that its generator draws, in seeded steps that can be resumed.

Source: the domain-guided encoder of Zhu et al. (arXiv 2004.00049), section 3.1, and the regression
of latents of Tov et al., e4e (arXiv 2102.02766). For images x = G(u) of seeded latents u

    loss = |G(E(x)) - x|^2 + perceptual d(G(E(x)), x) + latent |E(x) - u|^2,

the first a mean over pixels in [-1, 1], d the perceptual distance, the last a mean over coordinates
in standard deviations of the population. In W+ half of the latents mix two samples at a random
layer (Karras et al., arXiv 1812.04948, section 3.1), so that E learns that layers may differ.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from directrix.archive import model_digest
from directrix.batches import in_fixed_batches
from directrix.errors import InvalidField, SpaceUnavailable
from directrix.generators import Generator
from directrix.inversion import encoder as encoders
from directrix.inversion import perceptual
from directrix.inversion.encoder import Encoder, EncoderNetwork
from directrix.networks import read_config
from directrix.predictors import Embedder
from directrix.predictors.convolutional import Config
from directrix.streams import Domain, Streams
from directrix.types import EncoderCard, Metric, Space

BATCH = 16
MAX_STEPS = 1_000_000
HELD_OUT = 256
"""Images that no step draws, on which a trained encoder is measured."""
STATISTICS = 4096
"""Samples that mean and spread of the population are taken from."""


@dataclass(frozen=True)
class EncoderPlan:
    """What decides an encoder, with its generator and embedder.

    blocks and hidden: the network, as `predictors.convolutional.Config`. rate: AdamW's highest.
    """

    space: Space = Space.W_PLUS
    steps: int = 6000
    seed: int = 0
    rate: float = 2e-3
    latent: float = 0.05
    perceptual: float = 0.1
    blocks: tuple[tuple[int, ...], ...] = ((24,), (48, 48), (64,))
    hidden: int = 192

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_STEPS:
            raise InvalidField(f"steps lie in [1, {MAX_STEPS}], not {self.steps}", field="steps")
        if self.space is Space.S:
            raise SpaceUnavailable("an encoder encodes into Z, W or W+", space="s")


@dataclass
class EncoderTraining:
    """A training in progress: `advance` it, `state` and `restore` it, `finish` it.

    The same plan, generator and embedder give the same encoder, however often it was interrupted.
    """

    plan: EncoderPlan
    generator: Generator
    embedder: Embedder | None = None
    step: int = 0
    """How many steps are done."""
    loss: float = math.nan
    """Of the last step."""
    _network: EncoderNetwork = field(init=False, repr=False)
    _adam: torch.optim.AdamW = field(init=False, repr=False)

    def __post_init__(self) -> None:
        plan, generator = self.plan, self.generator
        generator.check_conversion(Space.Z, plan.space)
        config = read_config(Config, self._config())
        shape = encoders.latent_shape(generator, plan.space)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self._network = EncoderNetwork(config, generator.card.image, shape)
        self._network.to(generator.device)
        self._network.network.outputs.weight.data *= 0.1  # begins near the mean
        population = self._drawn(Streams(plan.seed, Domain.PROBES), 0, STATISTICS)
        self._network.mean.copy_(population.mean(0))
        self._network.spread.copy_(population.std(0).clamp_min(1e-4))
        self._adam = torch.optim.AdamW(
            self._network.network.parameters(), plan.rate, weight_decay=0.01
        )

    def advance(self) -> None:
        """One step on BATCH images of its own."""
        plan, generator = self.plan, self.generator
        with torch.no_grad():
            latents = self._latents(Streams(plan.seed, Domain.ENCODERS), self.step, BATCH)
            images = generator.synthesise(latents, plan.space).clamp(-1, 1)
        network = self._network.train()
        offsets = network.offsets(images)
        wanted = (latents - network.mean) / network.spread
        made = generator.synthesise(network.mean + network.spread * offsets, plan.space)
        loss = (made - images).square().mean() + plan.latent * (offsets - wanted).square().mean()
        if self.embedder is not None:
            loss = loss + plan.perceptual * self._look(made.clamp(-1, 1), images)
        for group in self._adam.param_groups:
            group["lr"] = plan.rate * _schedule(self.step / plan.steps)
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.network.parameters(), 1.0)
        self._adam.step()
        self.step += 1
        self.loss = loss.item()

    @property
    def done(self) -> bool:
        return self.step >= self.plan.steps

    def state(self) -> dict[str, np.ndarray]:
        """All that going on takes, by name."""
        arrays = {f"network.{k}": v for k, v in self._network.state_dict().items()}
        for place, moments in self._adam.state_dict()["state"].items():
            arrays |= {f"adam.{place}.{k}": v for k, v in moments.items()}
        found = {name: tensor.detach().cpu().numpy().copy() for name, tensor in arrays.items()}
        return {**found, "step": np.array(self.step), "loss": np.array(self.loss)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on where `state` was taken."""
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        network = {
            name.removeprefix("network."): tensor
            for name, tensor in tensors.items()
            if name.startswith("network.")
        }
        self._network.load_state_dict(network)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith("adam."):
                _, place, key = name.split(".")
                moments.setdefault(int(place), {})[key] = tensor
        groups = self._adam.state_dict()["param_groups"]
        self._adam.load_state_dict({"state": moments, "param_groups": groups})
        self.step, self.loss = int(state["step"]), float(state["loss"])

    def finish(self, name: str) -> tuple[EncoderCard, dict[str, np.ndarray]]:
        """Card, with its errors on held-out images, and tensors of the encoder as it stands."""
        plan, generator = self.plan, self.generator
        network = self._network.eval()
        arrays = {
            key: tensor.detach().cpu().numpy().copy()
            for key, tensor in network.state_dict().items()
            if tensor.is_floating_point()
        }
        card = encoders.card(
            name,
            generator.card,
            plan.space,
            self._config(),
            title=f"Encoder into {plan.space} of {generator.card.title or generator.card.name}",
            training_data=(
                f"{plan.steps} x {BATCH} images of generator {generator.card.name}, "
                f"seed {plan.seed}"
                + (f"; perceptual term of {self.embedder.card.name}" if self.embedder else "")
            ),
            licence=generator.card.licence,
            notes="Trained on images of its generator: real pictures lie outside of what it saw.",
        )
        card = card.model_copy(update={"digest": model_digest(card, arrays)})
        metrics = self._measured(encoders.build(card, arrays, generator.device))
        return card.model_copy(update={"metrics": metrics}), arrays

    def _measured(self, encoder: Encoder) -> tuple[Metric, ...]:
        plan, generator = self.plan, self.generator
        judge = f"{HELD_OUT} images of the generator that no step drew"
        with torch.no_grad():
            # streams of steps that are never taken
            latents = self._latents(Streams(plan.seed, Domain.ENCODERS), MAX_STEPS, HELD_OUT)
            images = in_fixed_batches(lambda u: generator.synthesise(u, plan.space), latents)
            images = images.clamp(-1, 1)
            found = in_fixed_batches(encoder, images)
            made = in_fixed_batches(lambda u: generator.synthesise(u, plan.space), found)
            pixels = (made.clamp(-1, 1) - images).double().square().mean()
            rest = (found - latents).double().square().sum()
            whole = (latents - self._network.mean).double().square().sum()
        return (
            Metric(name="mean squared error", value=round(float(pixels), 6), judge=judge),
            Metric(name="latent r2", value=round(1 - float(rest / whole), 4), judge=judge),
        )

    def _look(self, made: Tensor, images: Tensor) -> Tensor:
        assert self.embedder is not None
        with torch.no_grad():
            target = perceptual.normalised(self.embedder.maps(images))
        return perceptual.distance(self.embedder.maps(made), target).mean()

    def _drawn(self, streams: Streams, index: int, count: int) -> Tensor:
        """Latents [count, *shape] of the prior, from one stream."""
        z = np.empty((count, self.generator.dimension(Space.Z)), np.float32)
        streams.fill(index, z)
        rows = torch.from_numpy(z).to(self.generator.device)
        with torch.no_grad():
            return in_fixed_batches(
                lambda u: self.generator.convert(u, Space.Z, self.plan.space), rows
            )

    def _latents(self, streams: Streams, step: int, count: int) -> Tensor:
        """Training latents: in W+ every other one changes to a second sample at some layer."""
        if self.plan.space is not Space.W_PLUS:
            return self._drawn(streams, step, count)
        first, second = self._drawn(streams, step, 2 * count).split(count)
        layers = self.generator.num_layers(Space.W_PLUS)
        coins = np.empty(count, np.float32)
        streams.fill(2 * MAX_STEPS + step, coins)  # a stream that no step draws latents from
        shares = torch.special.ndtr(torch.from_numpy(coins).to(first.device))
        cut = torch.ceil(shares * layers)[:, None]
        mixed = (torch.arange(count, device=first.device) % 2 == 1)[:, None]
        late = mixed & (torch.arange(layers, device=first.device)[None] >= cut)
        return torch.where(late[:, :, None], second, first)

    def _config(self) -> dict[str, object]:
        return {"blocks": [list(b) for b in self.plan.blocks], "hidden": self.plan.hidden}


def _schedule(progress: float) -> float:
    """Up over the first twentieth, then down along a cosine."""
    return min(1.0, (progress + 0.005) / 0.05) * 0.5 * (1 + math.cos(math.pi * progress))
