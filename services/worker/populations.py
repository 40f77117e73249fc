"""Populations: samples scored by predictors, in shards that are computed once for everybody."""

import logging
from collections.abc import Sequence

import numpy as np

from directrix.errors import ChecksumMismatch
from directrix.population import shards
from directrix.types import Population, PopulationSpec, PredictorCard
from services.artifacts.catalogue import Catalogue
from services.jobs import Stage
from services.worker.attempt import Attempt
from services.worker.pace import Pace
from services.worker.scoring import Scoring

_log = logging.getLogger(__name__)


class Populations:
    """Of one job: its predictors, its progress. Every computed shard is a unit of work."""

    def __init__(
        self,
        catalogue: Catalogue,
        scoring: Scoring,
        predictors: Sequence[PredictorCard],
        attempt: Attempt,
        pace: Pace,
    ):
        self._catalogue = catalogue
        self._scoring = scoring
        self._predictors = predictors
        self._attempt = attempt
        self._pace = pace

    def get(self, spec: PopulationSpec, count: int, stage: Stage) -> Population:
        """Scored by all predictors; shards that anybody has computed are taken as they are."""
        known = {
            card.digest: self._catalogue.scored(spec, card.digest) for card in self._predictors
        }
        for start, n in shards(count):
            missing = [card for card in self._predictors if (start, n) not in known[card.digest]]
            if missing:
                self._compute(spec, missing, start, n, count, stage)
                self._pace.pause()
        scores = {card.digest: self._load(spec, card, count, stage) for card in self._predictors}
        return Population(spec, 0, count, scores)

    def _compute(
        self,
        spec: PopulationSpec,
        predictors: Sequence[PredictorCard],
        start: int,
        n: int,
        count: int,
        stage: Stage,
    ) -> None:
        _log.info("%s: computing %s shard %d+%d", self._attempt.job.name, stage, start, n)
        scores = self._scoring.samples(
            spec,
            [card.digest for card in predictors],
            start,
            n,
            lambda done: self._attempt.report(stage, start + done, count, "samples"),
        )
        edges = np.cumsum([len(card.scorers) for card in predictors])[:-1]
        for card, part in zip(predictors, np.split(scores, edges, axis=1), strict=True):
            self._catalogue.put_scores(spec, card.digest, start, n, part)
        self._pace.achieved()

    def _load(
        self, spec: PopulationSpec, card: PredictorCard, count: int, stage: Stage
    ) -> np.ndarray:
        parts = []
        for start, n in shards(count):
            try:
                parts.append(self._catalogue.scores(spec, card.digest, start, n))
            except ChecksumMismatch:
                _log.warning("shard %d+%d of %s is damaged: once more", start, n, spec.key)
                self._compute(spec, [card], start, n, count, stage)
                parts.append(self._catalogue.scores(spec, card.digest, start, n))
        return np.concatenate(parts)
