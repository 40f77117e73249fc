"""Witness: what pictures and latents show of a move beyond the scores."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from directrix.batches import in_fixed_batches
from directrix.generators import Generator
from directrix.metrics import frechet_distance
from directrix.metrics.locality import changed_area
from directrix.predictors import Embedder, Predictor
from directrix.rendering.pixels import from_pixels
from directrix.scorecard.matched import MatchedPlan
from directrix.scorecard.plan import EMBEDDER
from directrix.scorecard.typicality import Typicality
from directrix.types import FindingSet

Seen = Mapping[str, np.ndarray]


class Witness:
    """Looks at the shards of a matched plan.

    network: the predictor that the plan names as its witness. Features are the embeddings of an
    embedder, which compares identities too; of another predictor what it knows before its scores:
    the mean over the picture of its last maps, or else the scores.
    """

    def __init__(
        self,
        plan: MatchedPlan,
        generator: Generator,
        network: Predictor,
        findings: Callable[[str], FindingSet],
    ):
        self._plan, self._network = plan, network
        self._embeds = network.card.task == EMBEDDER
        self._typicality = Typicality(generator, findings, plan.card.seed, plan.pool.stop)

    def unmoved(self, pictures: np.ndarray) -> Seen:
        """uint8 [n, H, W, C] of shard 0 -> what has to be known of them."""
        alike = np.float64(np.nan)
        if self._embeds:
            rows = _unit_rows(self._seen(pictures))
            n = len(rows)
            alike = (np.square(rows.sum(0)).sum() - n) / (n * (n - 1))
        return {"strangers": np.array(alike)}

    def moved(self, index: int, before: np.ndarray, after: np.ndarray) -> Seen:
        """Of one finding: pictures uint8 [pool, H, W, C] of shard 0, and [changes * n, H, W, C] of
        the finding's own shard.

        frechet [changes]; identity, area, ratio, density [changes, n]; typical [alphas]. No number
        where nobody can tell.
        """
        before = before[self._plan.room(index)]
        n = len(before)
        parts = after.reshape(-1, n, *before.shape[1:])
        features = self._seen(before)
        distances, identity, areas = [], [], []
        for part in parts:
            seen = self._seen(part)
            distances.append(frechet_distance(features, seen))
            identity.append(self._identity(features, seen))
            areas.append(changed_area(before, part))
        return {
            "frechet": np.array(distances),
            "identity": np.array(identity).reshape(-1, n),
            "area": np.array(areas).reshape(-1, n),
            **self._latents(index, len(parts)),
        }

    def _latents(self, index: int, changes: int) -> Seen:
        plan = self._plan
        moves = [*plan.matched_moves(index), *plan.grid_moves(index)]
        found = self._typicality(moves, plan.pool.start, len(plan.pool), plan.room(index))
        if found is None:
            unknown = np.full((changes, plan.samples), np.nan)
            grid = np.ones(len(moves) - changes, bool)
            return {"ratio": unknown, "density": unknown, "typical": grid}
        return {
            "ratio": found.ratio[:changes],
            "density": found.density[:changes],
            "typical": found.typical[changes:],
        }

    def _identity(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        if not self._embeds:
            return np.full(len(before), np.nan)
        return (_unit_rows(before) * _unit_rows(after)).sum(1)

    @torch.inference_mode()
    def _seen(self, pictures: np.ndarray) -> np.ndarray:
        def features(rows: Tensor) -> Tensor:
            images = from_pixels(rows)
            if isinstance(network, Embedder) and not self._embeds:
                return network.maps(images)[-1].mean((2, 3))
            return network.scores(images)

        network = self._network
        rows = torch.from_numpy(np.array(pictures)).to(network.device)
        return in_fixed_batches(features, rows).float().cpu().numpy().astype(np.float64)


def _unit_rows(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
