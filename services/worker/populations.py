"""Populations: samples scored by predictors, in shards that are computed once for everybody."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from directrix.errors import ChecksumMismatch
from directrix.types import SHARD, Population, PopulationSpec, PredictorCard
from services.jobs import Stage
from services.worker.attempt import Attempt
from services.worker.pace import Pace
from services.worker.shards import Shards, Span

_log = logging.getLogger(__name__)

WAIT_SECONDS = 0.2
"""Between two looks at shards that all others are at."""


class Populations:
    """Of one job: its progress, its pace. Every computed shard is a unit of work.

    shards: of any population of the job's project and predictors. invite: asks idle workers to
    help; what they compute is not waited for as long as there is anything else to compute.
    """

    def __init__(
        self, shards: Shards, attempt: Attempt, pace: Pace, invite: Callable[[], None]
    ) -> None:
        self._shards = shards
        self._attempt = attempt
        self._pace = pace
        self._invite = invite

    def get(self, spec: PopulationSpec, count: int, stage: Stage) -> Population:
        """Scored by all predictors; shards that anybody has computed are taken as they are.

        Its scores stay where they are stored: memory does not grow with the population.
        """
        filling = _Filling(
            replace(self._shards, spec=spec, count=count), self._attempt, self._pace, stage
        )
        filling.fill(self._invite)
        scores = {
            card.digest: StoredScores(filling.load, card, count) for card in self._shards.predictors
        }
        return Population(spec, 0, count, scores)


class StoredScores:
    """Scores [count, K] of one predictor, read shard by shard: a `directrix.types.Rows`."""

    def __init__(
        self, load: Callable[[Span, PredictorCard], np.ndarray], card: PredictorCard, count: int
    ):
        self._load, self._card, self._count = load, card, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, rows: slice) -> np.ndarray:
        first, end, _ = rows.indices(self._count)
        parts = []
        for start in range(first - first % SHARD, max(end, first + 1), SHARD):
            shard = self._load((start, min(SHARD, self._count - start)), self._card)
            parts.append(shard[max(0, first - start) : max(0, end - start)])
        return np.concatenate(parts)


class _Filling:
    """One population, until all its shards are there."""

    def __init__(self, shards: Shards, attempt: Attempt, pace: Pace, stage: Stage):
        self._shards, self._attempt, self._pace, self._stage = shards, attempt, pace, stage
        self._done = 0

    def fill(self, invite: Callable[[], None]) -> None:
        """Others help where they can; what they are at is left to them until it is the last."""
        invited = False
        while missing := self._shards.missing():
            self._done = self._shards.count - sum(n for _, n in missing)
            if len(missing) > 1 and not invited:
                invite()
                invited = True
            if not sum(self._compute(shard) for shard in missing):
                time.sleep(WAIT_SECONDS)
                self._attempt.count_help()
                self._tick(0)
                self._pace.pause()

    def load(self, shard: Span, card: PredictorCard) -> np.ndarray:
        """Scores [n, K] of a shard that is there; a damaged one is computed again."""
        spec, catalogue = self._shards.spec, self._shards.catalogue
        try:
            return catalogue.scores(spec, card.digest, *shard)
        except ChecksumMismatch:
            _log.warning("shard %d+%d of %s is damaged: once more", *shard, spec.key)
            self._announce(shard)
            self._shards.compute(shard, [card], self._tick)
            self._pace.achieved()
            return catalogue.scores(spec, card.digest, *shard)

    def _compute(self, shard: Span) -> bool:
        """Whether this worker did it: nobody else was at it, or had done it meanwhile."""
        with self._shards.hold(shard) as held:
            if held is None:
                return False
            self._announce(shard)
            held.compute(self._tick)
        self._done += shard[1] + self._attempt.count_help()
        self._pace.achieved()
        self._pace.pause()
        return True

    def _announce(self, shard: Span) -> None:
        _log.info("%s: computing %s shard %d+%d", self._attempt.job.name, self._stage, *shard)

    def _tick(self, done: int) -> None:
        total = self._shards.count
        self._attempt.report(self._stage, min(self._done + done, total), total, "samples")
