"""Recipes of the avatar generators: one a setting of the dial, each trained in five parts.

First against critics alone, until the pictures are good. Then, with more critics and slowly, until
what is made is as spread out as the data: each part minds that more than the one before. The last
part minds nothing else, and has no critics. The
generator of the highest dial begins with the first part of another one: what they share is how to
draw, not how factors go together.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from directrix.generators import style
from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.types import GeneratorCard, ImageCard
from directrix.zoo.aided_training import AidedTraining
from directrix.zoo.avatars.factors import NAMES
from directrix.zoo.avatars.matching import MatchedTraining
from directrix.zoo.avatars.renderer import SIZE, draw
from directrix.zoo.avatars.settling import Settlement, Settling
from directrix.zoo.avatars.supervision import Supervision, factor_loss, train
from directrix.zoo.style_training import Schedule

Report = Callable[[str], None]

IMAGE = ImageCard(channels=3, height=SIZE, width=SIZE)
CONFIG = StyleConfig(
    z_dim=64, w_dim=64, mapping_layers=4, channels=(96, 96, 48, 24), image_channels=3
)


@dataclass(frozen=True)
class Part:
    """A part in which readings are matched: by how many aids, and with which weight."""

    schedule: Schedule
    readers: int
    weight: float


@dataclass(frozen=True)
class Plan:
    """The parts of a generator's training, and how many avatars are drawn for it."""

    first: Schedule
    matched: tuple[Part, ...]
    last: Settlement
    data: int


FIRST = Schedule(
    images=400_000, critic=(16, 32, 64, 128), mixing=0.1, average_images=10_000, penalty=0.1
)
SLOW = replace(FIRST, images=64_000, rate=1e-4, decay_from=0.3)
PLAN = Plan(
    first=FIRST,
    matched=(
        Part(replace(SLOW, rate=2e-4), readers=1, weight=4.0),
        Part(SLOW, readers=2, weight=24.0),
        Part(SLOW, readers=2, weight=48.0),
    ),
    last=Settlement(),
    data=40_000,
)
DIALS = {"avatar-generator-r80": 0.8, "avatar-generator-r00": 0.0, "avatar-generator-r95": 0.95}
BEGINNINGS = {"avatar-generator-r95": "avatar-generator-r80"}
"""Whose first part a generator goes on from, if not its own."""

DATA_SEED, AID_SEED, READER_SEED = 101, 202, 505


@dataclass(frozen=True)
class Aid:
    """A regressor that helps and is not kept."""

    config: dict
    plan: Supervision


AIDS = (
    Aid({"blocks": [[24], [48], [64]], "hidden": 96}, Supervision(steps=600)),
    Aid(
        {"blocks": [[20], [40], [32, 48]], "hidden": 112},
        Supervision(steps=600, batch=96, noise=0.08, tint=0.02, hole=3),
    ),
)
"""The first one helps the critics; which are matched in which part the plan says."""
READERS = (
    Aid({"blocks": [[28], [56], [80]], "hidden": 128}, Supervision(steps=1500)),
    Aid(
        {"blocks": [[24], [48], [40, 64]], "hidden": 128},
        Supervision(steps=1500, batch=96, noise=0.08, tint=0.02, hole=3),
    ),
)
"""Who reads in the last part."""


def pictures(seed: int, count: int, dial: float) -> Tensor:
    """Avatars 0 .. count of a seed: [count, 3, H, W]."""
    starts = range(0, count, 4000)
    drawn = [draw(seed, start, min(4000, count - start), dial).images for start in starts]
    return torch.cat([torch.from_numpy(part) for part in drawn])


def train_aids(
    seed: int, report: Report, aids: Sequence[Aid] = AIDS
) -> tuple[ConvolutionalNetwork, ...]:
    """A minute or two each on one core."""
    return tuple(_train_aid(aid, seed + i, report) for i, aid in enumerate(aids))


def _train_aid(aid: Aid, seed: int, report: Report) -> ConvolutionalNetwork:
    torch.manual_seed(seed)
    network = ConvolutionalNetwork(aid.config, IMAGE, len(NAMES))
    train(network, factor_loss, aid.plan, seed, lambda k, x: report(f"aid: step {k}, loss {x:.4f}"))
    return network.requires_grad_(False)


def train_generator(
    name: str,
    aids: Sequence[ConvolutionalNetwork],
    readers: Sequence[ConvolutionalNetwork],
    work: Path,
    seed: int,
    report: Report,
    plan: Plan = PLAN,
) -> StyleNetwork:
    """Forty minutes on one core; continues from checkpoints in `work`."""
    start = BEGINNINGS.get(name, name)
    images = pictures(DATA_SEED + seed, plan.data, DIALS[start])
    run = AidedTraining(CONFIG, plan.first, images, seed, aids[0])
    _run(run, work / f"{start}.pt", start, report)
    images = pictures(DATA_SEED + seed, plan.data, DIALS[name])
    for number, part in enumerate(plan.matched, 2):
        last = run
        run = MatchedTraining(CONFIG, part.schedule, images, seed + number - 1, aids[0], True)
        run.start_from(last, aids[: part.readers], part.weight)
        _run(run, work / f"{name}-{number}.pt", f"{name}, part {number}", report)
    return settle(name, run.average, images, readers, work, seed, report, plan.last)


def settle(
    name: str,
    network: StyleNetwork,
    images: Tensor,
    readers: Sequence[ConvolutionalNetwork],
    work: Path,
    seed: int,
    report: Report,
    schedule: Settlement,
) -> StyleNetwork:
    """The last part of a generator's training."""
    last = Settling(network, schedule, images, readers, seed)
    _run(last, work / f"{name}-last.pt", f"{name}, last part", report)
    return last.average


def _run(training: AidedTraining | Settling, checkpoint: Path, name: str, report: Report) -> None:
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        training.load(checkpoint)
    saved, schedule = time.monotonic(), training.schedule
    while not training.finished:
        losses = training.step()
        if training.done % 250 == 0:
            report(f"{name}: {training.done * schedule.batch} of {schedule.images}, {losses}")
        if time.monotonic() - saved > 60:
            training.save(checkpoint)
            saved = time.monotonic()
    training.save(checkpoint)


def card_of(name: str) -> GeneratorCard:
    """The card without digest and metrics."""
    dial, start = DIALS[name], BEGINNINGS.get(name)
    begun = f" Begun with the first part of {start}." if start else ""
    return style.card(
        CONFIG,
        name=name,
        title=f"Avatars, compact style-based generator, dial at {dial:g}",
        training_data=f"{PLAN.data} drawn avatars; phi of the dialled pairs {dial:g}",
        licence="Apache-2.0",
        notes="Made by 'make train-avatars'. Dialled pairs: age lines with glasses, hair colour "
        f"with lip colour.{begun}",
    )
