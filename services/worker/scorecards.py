"""Scorecards: curves of every finding, then a look at pictures where the change is matched.

Every shard is a unit of work that is stored as soon as it is done: "card-..." of the curves,
"seen-..." of the pictures.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
import torch

from directrix import generators, predictors
from directrix.archive import finding_set_digest, pack_arrays, unpack_arrays, unpack_model
from directrix.errors import ModelNotFound
from directrix.scorecard import MatchedPlan, ScorecardPlan, Witness
from directrix.scorecard.plan import EMBEDDER
from directrix.types import (
    SHARD,
    FindingSet,
    GeneratorCard,
    ModelCard,
    PredictorCard,
    Recipe,
    Scorecard,
)
from services.artifacts.catalogue import Catalogue
from services.jobs import DiscoverySpec, Stage
from services.worker.attempt import Attempt
from services.worker.checkpoints import Checkpoints
from services.worker.pace import Pace
from services.worker.populations import Populations
from services.worker.scoring import Scoring

_log = logging.getLogger(__name__)

Arrays = Mapping[str, np.ndarray]


class Scorecards:
    """Makes the scorecard of one job."""

    def __init__(
        self,
        spec: DiscoverySpec,
        catalogue: Catalogue,
        scoring: Scoring,
        device: torch.device,
        checkpoints: Checkpoints,
        attempt: Attempt,
        pace: Pace,
        populations: Callable[[tuple[PredictorCard, ...]], Populations],
    ):
        self._populations = populations
        self._spec, self._catalogue, self._scoring = spec, catalogue, scoring
        self._device, self._checkpoints = device, checkpoints
        self._attempt, self._pace = attempt, pace
        self._known = checkpoints.names()

    @cached_property
    def _judges(self) -> tuple[PredictorCard, ...]:
        """Those that the job names as judges, or else what its method was given."""
        refs = self._spec.judges or self._spec.predictors
        return tuple(predictor_of(self._catalogue.model_card(ref.digest)) for ref in refs)

    @cached_property
    def _scorers(self) -> tuple[PredictorCard, ...]:
        return tuple(card for card in self._judges if card.task != EMBEDDER)

    @property
    def possible(self) -> bool:
        """Whether anybody judges."""
        return bool(self._scorers)

    def make(self, findings: FindingSet) -> Scorecard:
        """Raises what scoring raises, Cancelled, StepDone."""
        card = generator_of(self._catalogue.model_card(self._spec.generator.digest))
        plan = ScorecardPlan(findings, card, self._judges, seed=self._spec.seed)
        # replicas look both sets up by digest
        self._catalogue.put_finding_set(findings, listed=False)
        self._catalogue.put_finding_set(plan.random_set(), listed=False)
        populations = self._populations(self._scorers)
        spread = populations.get(plan.deviation_spec, SHARD, Stage.SCORECARD)
        total = plan.shards + 1 + len(findings)
        scores = [self._curve(plan, shard, total) for shard in range(plan.shards)]
        own = [spread.scores[each.digest][:] for each in self._scorers]
        deviation = np.concatenate(own, axis=1)
        return self._matched(MatchedPlan(plan, deviation, scores), findings, total)

    def _matched(self, plan: MatchedPlan, findings: FindingSet, total: int) -> Scorecard:
        sets = {finding_set_digest(findings): findings}
        names = [f"seen-{shard:06d}" for shard in range(plan.shards)]
        seen: list[Arrays] = []
        witness: Witness | None = None
        for shard, name in enumerate(names):
            found = self._stored(name)
            if found is None:
                witness = witness or self._witness(plan, sets)
                found = self._look(plan, witness, shard, seen, total)
                self._checkpoints.save(name, pack_arrays(found))
                self._pace.pause()
            seen.append(found)
        return plan.measure(seen)

    def _look(
        self, plan: MatchedPlan, witness: Witness, shard: int, seen: list[Arrays], total: int
    ) -> Arrays:
        _log.info("%s: computing seen shard %d", self._attempt.job.name, shard)
        done = plan.plan.shards + shard
        recipes = plan.recipes(shard)
        if shard == 0:
            scores, images = self._pictures(recipes, done, total)
            return {"scores": scores, "images": images, **witness.unmoved(images)}
        before = seen[0]["images"]
        scores, images = seen[0]["scores"][:0], before[:0]
        if recipes:
            scores, images = self._pictures(recipes, done, total)
        return {"scores": scores, **witness.moved(shard - 1, before, images)}

    def _pictures(
        self, recipes: list[Recipe], done: int, total: int
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._scoring.pictures(
            self._spec.generator.digest,
            [card.digest for card in self._scorers],
            recipes,
            lambda images: self._report(done, total),
        )

    def _curve(self, plan: ScorecardPlan, shard: int, total: int) -> np.ndarray:
        """Scores [n, K] of one shard, computed or as an earlier step left it."""
        name = f"card-{shard:06d}"
        found = self._stored(name)
        if found is not None:
            return found["scores"]
        _log.info("%s: computing card shard %d", self._attempt.job.name, shard)
        scores = self._scoring.recipes(
            self._spec.generator.digest,
            [card.digest for card in self._scorers],
            plan.recipes(shard),
            lambda images: self._report(shard, total),
        )
        self._checkpoints.save(name, pack_arrays({"scores": scores}))
        self._pace.pause()
        return scores

    def _stored(self, name: str) -> Arrays | None:
        data = self._checkpoints.load(name) if name in self._known else None
        return None if data is None else unpack_arrays(data)

    def _report(self, done: int, total: int) -> None:
        self._attempt.report(Stage.SCORECARD, done, total, f"shard {done + 1} of {total}")

    def _witness(self, plan: MatchedPlan, sets: Mapping[str, FindingSet]) -> Witness:
        """With generator and predictor on this worker's device."""
        card, arrays = unpack_model(*self._catalogue.model_files(self._spec.generator.digest))
        generator = generators.build(generator_of(card), arrays, self._device)
        card, arrays = unpack_model(*self._catalogue.model_files(plan.witness.digest))
        network = predictors.build(predictor_of(card), arrays, self._device)
        return Witness(plan, generator, network, sets.__getitem__)


def generator_of(card: ModelCard) -> GeneratorCard:
    """Raises ModelNotFound."""
    if not isinstance(card, GeneratorCard):
        raise ModelNotFound(f"model {card.name} is no generator", digest=card.digest)
    return card


def predictor_of(card: ModelCard) -> PredictorCard:
    """Raises ModelNotFound."""
    if not isinstance(card, PredictorCard):
        raise ModelNotFound(f"model {card.name} is no predictor", digest=card.digest)
    return card
