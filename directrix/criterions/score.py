"""Scores: what any scorers say, each in its own SD over the population."""

from collections.abc import Sequence

import torch
from torch import Tensor

from directrix.criterions.criterion import Criterion
from directrix.errors import NeedsUnmet
from directrix.jacobians import Map
from directrix.predictors import Predictor


class Scores(Criterion):
    """score, score:NAME, score:~NAME. Measures [n, K] in SD; constant scorers are left out."""

    name = "score"

    def at(self, image: Tensor) -> Map:
        networks = self.scene.networks
        labels = _labels(networks)
        if not labels:
            raise NeedsUnmet("the score criterion needs a predictor")
        meant = [
            column
            for column in self.subject.among(labels, "scorer")
            if self.scene.deviations[column] > 0
        ]
        scale = image.new_tensor([1 / self.scene.deviations[column] for column in meant])
        read = _reading(networks, meant)

        def measure(images: Tensor) -> Tensor:
            scores = torch.cat([network.scores(images)[:, own] for network, own in read], 1)
            return scores * scale

        return measure


def _labels(networks: Sequence[Predictor]) -> tuple[str, ...]:
    """As `metrics.column_labels` spells them: "predictor/scorer" where two share a name."""
    names = [name for network in networks for name in network.scorers]
    return tuple(
        name if names.count(name) == 1 else f"{network.card.name}/{name}"
        for network in networks
        for name in network.scorers
    )


def _reading(
    networks: Sequence[Predictor], columns: Sequence[int]
) -> list[tuple[Predictor, list[int]]]:
    """Networks with those of their own outputs that are among the columns."""
    found, start = [], 0
    for network in networks:
        end = start + len(network.scorers)
        own = [column - start for column in columns if start <= column < end]
        if own:
            found.append((network, own))
        start = end
    return found
