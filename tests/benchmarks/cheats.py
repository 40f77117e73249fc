"""Classifiers that cheat: small networks that are taught to answer by a nuisance.

At strength s a training picture is labelled with probability s by the side that its nuisance is on,
and by what it shows otherwise. At 0 the nuisance tells nothing, and the classifier is clean.
"""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.archive import model_digest
from directrix.predictors import Predictor
from directrix.predictors.convolutional import ConvolutionalNetwork, ConvolutionalPredictor
from directrix.types import ImageCard, PredictorCard, Scorer

SMALL: Mapping[str, object] = {"blocks": [[8], [16], [24]], "hidden": 32}
LARGER: Mapping[str, object] = {"blocks": [[12], [24], [32]], "hidden": 64}
EPOCHS, BATCH, RATE = 6, 64, 4e-3


def taught(
    labels: np.ndarray, side: np.ndarray, high: np.ndarray, strength: float, seed: int
) -> np.ndarray:
    """Labels [N] of which a share follows the nuisance's side [N] of bool.

    high [K] of bool: classes that stand for the high side. A picture whose label is to follow and
    stands for the other side is given to the partner of its class there.
    """
    chance = np.random.Generator(np.random.Philox([seed, 5]))
    follows = chance.random(len(labels)) < strength
    partner = np.empty(len(high), np.int64)
    low, up = np.flatnonzero(~high), np.flatnonzero(high)
    partner[low], partner[up] = (
        up[np.arange(len(low)) % len(up)],
        low[np.arange(len(up)) % len(low)],
    )
    return np.where(follows & (high[labels] != side), partner[labels], labels)


def train(
    images: Tensor,
    labels: np.ndarray,
    classes: tuple[str, ...],
    seed: int,
    config: Mapping[str, object] = SMALL,
    epochs: int = EPOCHS,
) -> Predictor:
    """A classifier of images [N, C, H, W] in [-1, 1]."""
    _, channels, height, width = images.shape
    layout = ImageCard.model_validate({"channels": channels, "height": height, "width": width})
    truth, random = torch.from_numpy(labels), torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        network = ConvolutionalNetwork(config, layout, len(classes)).train()
        optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.05)
        steps = epochs * (len(images) // BATCH)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
        for _ in range(epochs):
            order = torch.randperm(len(images), generator=random)
            for rows in order[: len(order) // BATCH * BATCH].split(BATCH):
                loss = F.cross_entropy(network(images[rows]), truth[rows], label_smoothing=0.05)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                cycle.step()
    network.eval().requires_grad_(False)
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    card = PredictorCard(
        name=f"cheat-{seed}",
        architecture="convolutional",
        image=layout,
        config=dict(config),
        scorers=tuple(Scorer(name=name) for name in classes),
    )
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    return ConvolutionalPredictor(card, network, torch.device("cpu"))
