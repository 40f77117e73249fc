"""The face models as `make models-faces` leaves them, and what they see in each other."""

import numpy as np
import torch
import torch.nn.functional as F

from directrix.predictors.face_identity import IdentityPredictor
from directrix.predictors.face_landmarks import LandmarkPredictor
from directrix.types import GeneratorCard, Space
from directrix.zoo.faces import packages, recipe
from directrix.zoo.faces.weights import read_checkpoint
from tests.integration.faces.files import (
    MODELS,
    ROOT,
    faces,
    load_generator,
    load_predictor,
    parts,
)


def test_a_second_run_changes_nothing_and_a_fresh_one_makes_the_same_models(tmp_path):
    said: list[str] = []
    recipe.make(tmp_path, ROOT / recipe.WORK, said.append)
    assert [line.split(":")[0] for line in said[:4]] == list(recipe.NAMES)
    for name in recipe.NAMES:
        for file in ("card.json", "model.safetensors"):
            assert (tmp_path / name / file).read_bytes() == (MODELS / name / file).read_bytes()
    again: list[str] = []
    recipe.make(tmp_path, ROOT / recipe.WORK, again.append)
    assert again == [f"face models are in {tmp_path}"]


@torch.inference_mode()
def test_the_generator_is_the_plain_chain_of_layers_of_its_checkpoint():
    archive = packages.GENERATOR.fetch(ROOT / recipe.WORK)
    source = read_checkpoint(packages.member(archive, "gan_face_generate/weights.tar"))
    w = {name: torch.from_numpy(array) for name, array in source.items()}
    generator = load_generator()
    z = torch.randn(3, 100, generator=torch.Generator().manual_seed(1))
    x = z[:, :, None, None]
    for i in range(4):
        stride, padding = (1, 0) if i == 0 else (2, 1)
        x = F.conv_transpose2d(x, w[f"main.{3 * i}.weight"], None, stride, padding)
        n = f"main.{3 * i + 1}"
        mean, variance = w[f"{n}.running_mean"], w[f"{n}.running_var"]
        x = torch.relu(F.batch_norm(x, mean, variance, w[f"{n}.weight"], w[f"{n}.bias"]))
    x = torch.tanh(F.conv_transpose2d(x, w["main.12.weight"], None, 2, 1))
    torch.testing.assert_close(generator.synthesise(z, Space.Z), x, rtol=1e-4, atol=1e-5)


def test_the_generators_card_is_of_64_pixels_in_colour_from_100_numbers():
    card, _ = parts("face-generator")
    assert isinstance(card, GeneratorCard)
    assert (card.image.channels, card.image.height, card.image.width) == (3, 64, 64)
    assert [(s.space, s.dimension) for s in card.spaces] == [(Space.Z, 100)]


@torch.inference_mode()
def test_generated_faces_are_seen_as_faces():
    images = faces(load_generator(), 5, 96)
    landmarks = load_predictor("face-landmarks")
    assert isinstance(landmarks, LandmarkPredictor)
    assert landmarks.plausible(images).float().mean() > 0.75
    assert landmarks.plausible(images.roll(32, 2)).float().mean() < 0.2  # forehead at the bottom


@torch.inference_mode()
def test_signs_of_the_scores_in_the_mirror():
    images = faces(load_generator(), 5, 32)
    landmarks, attributes = load_predictor("face-landmarks"), load_predictor("face-attributes")
    here, there = landmarks.scores(images), landmarks.scores(images.flip(3))
    for name in landmarks.scorers:
        column, sign = landmarks.index(name), -1 if name in ("yaw", "roll") else 1
        np.testing.assert_allclose(there[:, column], sign * here[:, column], atol=1e-3)
    np.testing.assert_allclose(
        attributes.scores(images), attributes.scores(images.flip(3)), rtol=1e-3, atol=1e-3
    )


@torch.inference_mode()
def test_a_face_is_nearer_to_its_mirror_image_than_to_others():
    images = faces(load_generator(), 5, 32)
    identity = load_predictor("face-identity")
    assert isinstance(identity, IdentityPredictor)
    here, there = identity.embed(images), identity.embed(images.flip(3))
    distances = torch.cdist(here, there)
    own, others = distances.diagonal(), distances[~torch.eye(32, dtype=torch.bool)]
    assert own.median() < 0.6 * others.median()
    assert (distances.argmin(1) == torch.arange(32)).float().mean() > 0.9


def test_gradients_reach_the_latent_through_every_predictor():
    generator = load_generator()
    for name in ("face-landmarks", "face-attributes", "face-identity"):
        z = torch.randn(2, 100, generator=torch.Generator().manual_seed(2)).requires_grad_(True)
        scores = load_predictor(name).scores(generator.synthesise(z, Space.Z))
        (slope,) = torch.autograd.grad(scores[:, 0].sum(), z)
        assert slope.norm(dim=1).min() > 1e-4
