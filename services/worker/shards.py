"""Shards: one population as a project's predictors score it, computed by whoever gets to it first.

A shard's scores follow from its key alone: who computes it twice writes the same bytes twice. So
its lease has no fencing number and keeps nobody from writing; it only keeps two workers from doing
the same work. Where the broker cannot be reached there are no leases, and a worker goes on alone.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np

from directrix.errors import BrokerUnavailable
from directrix.population import shards
from directrix.types import PopulationSpec, PredictorCard
from services.artifacts.catalogue import Catalogue
from services.jobs.leases import Lease, Leases
from services.sight.metrics import SHARDS
from services.worker.scoring import Scoring, Tick

RENEWAL_SECONDS = 1.0
"""How often a shard's lease is renewed, between two calls of its scoring."""

Span = tuple[int, int]
"""(start, count) of a shard."""


@dataclass(frozen=True)
class Shards:
    """The first `count` samples of a population. by: "owner" or "helper", for the metrics.

    Every call raises StoreUnavailable.
    """

    catalogue: Catalogue
    scoring: Scoring
    leases: Leases
    project: str
    spec: PopulationSpec
    predictors: tuple[PredictorCard, ...]
    count: int
    by: str = "owner"

    def missing(self) -> list[Span]:
        """Those that some predictor has not scored, in their order."""
        known = [self.catalogue.scored(self.spec, card.digest) for card in self.predictors]
        return [shard for shard in shards(self.count) if any(shard not in k for k in known)]

    @contextmanager
    def hold(self, shard: Span) -> "Iterator[_Hold | None]":
        """The right to compute a shard, given back at the end. None where somebody is at it, or
        has stored it meanwhile."""
        lease, free = self._take(shard)
        try:
            left = self._unscored(shard) if free else []
            yield _Hold(self, shard, left, lease) if left else None
        finally:
            if lease is not None:
                with suppress(BrokerUnavailable):
                    lease.release()

    def compute(self, shard: Span, predictors: Sequence[PredictorCard], tick: Tick) -> None:
        """Scores and stores it, whoever else may be at it. Raises what scoring and `tick` raise."""
        digests = [card.digest for card in predictors]
        scores = self.scoring.samples(self.spec, digests, *shard, tick)
        edges = np.cumsum([len(card.scorers) for card in predictors])[:-1]
        for card, part in zip(predictors, np.split(scores, edges, axis=1), strict=True):
            self.catalogue.put_scores(self.spec, card.digest, *shard, part)
        SHARDS.labels(self.by).inc()

    def _take(self, shard: Span) -> tuple[Lease | None, bool]:
        """The lease, where there is one to be had, and whether nobody is at the shard."""
        try:
            lease = self.leases.take(f"scores/{self.project}/{self.spec.key}/{shard[0]}")
        except BrokerUnavailable:
            return None, True
        return lease, lease is not None

    def _unscored(self, shard: Span) -> list[PredictorCard]:
        return [
            card
            for card in self.predictors
            if not self.catalogue.has_scores(self.spec, card.digest, *shard)
        ]


@dataclass(frozen=True)
class _Hold:
    """predictors: those that have not scored the shard."""

    shards: Shards
    shard: Span
    predictors: list[PredictorCard]
    lease: Lease | None

    def compute(self, tick: Tick) -> None:
        """As `Shards.compute`, and renews the lease as it goes."""
        self.shards.compute(self.shard, self.predictors, self._renewing(tick))

    def _renewing(self, tick: Tick) -> Tick:
        renewed = time.monotonic()

        def go_on(done: int) -> None:
            nonlocal renewed
            now = time.monotonic()
            if self.lease is not None and now - renewed >= RENEWAL_SECONDS:
                renewed = now
                with suppress(BrokerUnavailable):
                    self.lease.renew(lambda: True)
            tick(done)

        return go_on
