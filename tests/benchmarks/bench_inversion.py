"""How true inversions are: real clothes and drawn avatars, by every way, judged by a classifier
that no search has seen.

Fashion-MNIST: test images, the same number of each class; the perceptual term is of the oracle, the
labels are the classifier's. Avatars: drawn ones that no model has seen; the term is of the
regressor, the labels are the avatar classifier's. Seconds are those of one thread's own time, so
that other work on the machine does not count. Pictures go to build/bench/inversion.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix import archive, inversion
from directrix.generators import Generator
from directrix.inversion import Encoder, EncoderPlan, EncoderTraining, Inversion, Search
from directrix.predictors import Embedder, Predictor, embedder
from directrix.types import Space
from directrix.zoo import fashion_data
from directrix.zoo.avatars.renderer import draw
from tests.benchmarks import bundled
from tests.benchmarks.evidence import FOLDER, Evidence
from tests.benchmarks.inversion_sheets import Way, sheet

MANY, FEW, AVATARS, ALONE = 80, 16, 12, 3
"""Images in W+ and by the encoder, elsewhere, avatars, and those inverted one by one."""
TRAINING = EncoderPlan(steps=2000)
REFINED = 50
"""Steps of the hybrid way."""
DRAWN_SEED = 997


@dataclass(frozen=True)
class World:
    """A generator, images [N, C, H, W] to invert, what looks and what judges."""

    name: str
    generator: Generator
    images: Tensor
    look: Embedder
    judge: Predictor

    def render(self, latents: Tensor, space: Space) -> Tensor:
        with torch.no_grad():
            return self.generator.synthesise(latents, space).clamp(-1, 1)


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {
        "images": MANY, "steps": Search().steps, "encoder_steps": TRAINING.steps,
        "refined": REFINED, "perceptual": Search().perceptual,
    }  # fmt: skip
    clothes = _clothes()
    ways = [_searched(evidence, clothes, Search(Space.Z), FEW)]
    ways.append(_searched(evidence, clothes, Search(Space.W), FEW))
    ways.append(_searched(evidence, clothes, Search(Space.W_PLUS), MANY, at_least=0.95))
    _searched(evidence, clothes, Search(Space.W_PLUS), FEW, name="pixels", pixels_only=True)
    _searched(evidence, clothes, Search(Space.W_PLUS, noise=True), FEW, name="noise")
    encoder = _encoder(evidence, clothes)
    ways.append(_searched(evidence, clothes, Search(steps=0), MANY, "encoder", encoder))
    ways.append(_searched(evidence, clothes, Search(steps=REFINED), MANY, "hybrid", encoder))
    _seconds(evidence, clothes)
    _draw("clothes", clothes, ways)
    avatars = _avatars()
    spaces = (Space.Z, Space.W, Space.W_PLUS)
    faces = [_searched(evidence, avatars, Search(space), AVATARS) for space in spaces]
    _draw("avatars", avatars, faces)


def _clothes() -> World:
    """Test images, class after class in turn."""
    generator, classifier = bundled.load()
    images, labels = fashion_data.load("test")
    per_class = MANY // len(fashion_data.CLASSES)
    chosen = np.stack([np.flatnonzero(labels == k)[:per_class] for k in range(10)], 1).ravel()
    look = embedder(bundled.load_predictor(bundled.ORACLE))
    return World("", generator, torch.from_numpy(images[chosen]), look, classifier)


def _avatars() -> World:
    drawn = torch.from_numpy(draw(DRAWN_SEED, 0, AVATARS).images)
    look = embedder(bundled.load_predictor("avatar-regressor"))
    judge = bundled.load_predictor("avatar-classifier")
    return World("avatars_", bundled.load_generator("avatar-generator-r00"), drawn, look, judge)


def _searched(
    evidence: Evidence,
    world: World,
    search: Search,
    count: int,
    name: str = "",
    encoder: Encoder | None = None,
    pixels_only: bool = False,
    at_least: float | None = None,
) -> Way:
    """Inverts the first `count` images and writes down errors and labels."""
    name = name or search.space.replace("+", "plus")
    seen = None if pixels_only else world.look
    images = world.images[:count]
    began = time.thread_time()
    found = inversion.invert(world.generator, images, search, encoder=encoder, embedder=seen)
    seconds = (time.thread_time() - began) / count
    made = world.render(found.latents, search.space)
    kept = inversion.label_kept(world.judge, images, made)
    _rows(evidence, world.name + name, found, kept)
    evidence.figure(f"{world.name}{name}_error", found.errors.mean().item(), "MSE", n=count)
    share = kept.double().mean().item()
    evidence.figure(f"{world.name}{name}_label_kept", share, "share", at_least=at_least, n=count)
    evidence.figure(f"{world.name}{name}_batch_seconds", seconds, "s an image", n=count)
    if found.noise_errors is not None:
        error = found.noise_errors.mean().item()
        evidence.figure(f"{world.name}{name}_error_with_noise", error, "MSE", n=count)
    return Way(name, made, found.errors)


def _rows(evidence: Evidence, way: str, found: Inversion, kept: Tensor) -> None:
    for place, (error, same) in enumerate(zip(found.errors.tolist(), kept.tolist(), strict=True)):
        evidence.row(what=way, image=place, error=error, label_kept=same)


def _seconds(evidence: Evidence, world: World) -> None:
    """One by one, as a request is served."""
    began = time.thread_time()
    for place in range(ALONE):
        image = world.images[place : place + 1]
        inversion.invert(world.generator, image, Search(), embedder=world.look)
    seconds = (time.thread_time() - began) / ALONE
    evidence.figure("wplus_seconds", seconds, "s an image, one by one", n=ALONE)


def _encoder(evidence: Evidence, world: World) -> Encoder:
    """Trained here, once: as the job does it, and kept beside the pictures."""
    folder = FOLDER / "inversion"
    kept = folder / f"encoder-{TRAINING.steps}.safetensors"
    training = EncoderTraining(TRAINING, world.generator, world.look)
    if kept.exists():
        training.restore(archive.unpack_arrays(kept.read_bytes()))
    began, first = time.thread_time(), training.step
    while not training.done:
        training.advance()
    if training.step > first:
        seconds = (time.thread_time() - began) / (training.step - first)
        evidence.figure("encoder_step_seconds", seconds, "s a step", n=training.step - first)
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(archive.pack_arrays(training.state()))
    card, arrays = training.finish("fashion-encoder")
    for metric in card.metrics:
        name = f"encoder_own_{metric.name.replace(' ', '_')}"
        evidence.figure(name, metric.value, metric.judge)
    return inversion.build(card, arrays, torch.device("cpu"))


def _draw(name: str, world: World, ways: list[Way]) -> None:
    folder = FOLDER / "inversion"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(sheet(world.images, ways))
