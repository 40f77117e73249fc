"""Models and finding sets by digest, built once and kept while they are in use."""

import asyncio
import copy
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

import numpy as np
import torch

from directrix import archive, generators, inversion, predictors
from directrix.errors import FindingSetNotFound, ModelInvalid, ModelNotFound
from directrix.foreign import Exchange
from directrix.generators import Generator
from directrix.inversion import Encoder
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import EncoderCard, FindingSet, GeneratorCard, ModelCard, PredictorCard
from services.artifacts.catalogue import Catalogue
from services.sight import tracing

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_DIGEST = re.compile("[0-9a-f]{64}")
_Owned = tuple[str, str]
"""A digest, and before it the project that has it."""


class Recent(Generic[K, V]):
    """The last `capacity` values that were asked for; safe between threads."""

    def __init__(self, capacity: int):
        self._capacity = capacity
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._capacity:
                self._values.popitem(last=False)

    def keep(self, wanted: Callable[[K], bool]) -> None:
        """Forgets every key that is not wanted."""
        with self._lock:
            for key in [key for key in self._values if not wanted(key)]:
                del self._values[key]

    def __contains__(self, key: K) -> bool:
        with self._lock:
            return key in self._values


class Models:
    """A bounded cache over the catalogue. What is not at hand is loaded by the calling thread.

    capacity: generators kept; predictors and finding sets are small beside them and four times as
    many. What one project has loaded, no other is given: `of` is the same cache for another one.
    exchange: how predictors of other services are reached. Raises ModelNotFound,
    FindingSetNotFound, ModelInvalid.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        device: torch.device,
        capacity: int,
        exchange: Exchange | None = None,
    ):
        self._catalogue = catalogue
        self._project = ""
        self._device = device
        self._exchange = exchange
        self._loading = threading.RLock()
        self._generators: Recent[_Owned, Generator] = Recent(capacity)
        self._predictors: Recent[_Owned, Predictor] = Recent(4 * capacity)
        self._encoders: Recent[_Owned, Encoder] = Recent(4 * capacity)
        self._renderers: Recent[tuple[_Owned, tuple[str, ...]], Renderer] = Recent(4 * capacity)
        self._findings: Recent[_Owned, FindingSet] = Recent(16 * capacity)

    def of(self, project: str) -> "Models":
        """The models of a project, within the same bounds."""
        view = copy.copy(self)
        view._catalogue, view._project = self._catalogue.of(project), project
        return view

    async def get_renderer(self, generator: str, scorers: tuple[str, ...]) -> Renderer:
        """As `renderer`, without blocking the event loop."""
        found = self.ready_renderer(generator, scorers)
        tracing.annotate(generator=generator, cache_hit=found is not None)
        if found is None:
            found = await asyncio.to_thread(self.renderer, generator, scorers)
        return found

    async def fetch_findings(self, digests: Iterable[str]) -> None:
        """Brings finding sets close, so that `finding_set` does not block afterwards."""
        for digest in digests:
            if self._owned(digest) not in self._findings:
                await asyncio.to_thread(self.finding_set, digest)

    def ready_renderer(self, generator: str, scorers: tuple[str, ...]) -> Renderer | None:
        """The renderer if nothing has to be loaded for it."""
        owned = self._owned(generator)
        self._generators.get(owned)
        return self._renderers.get((owned, scorers))

    def renderer(self, generator: str, scorers: tuple[str, ...]) -> Renderer:
        """The generator with these predictors, in their order."""
        with self._loading:
            renderer = self.ready_renderer(generator, scorers)
            if renderer is None:
                loaded = [self.predictor(digest) for digest in scorers]
                renderer = Renderer(self.generator(generator), loaded, self.finding_set)
                self._renderers.put((self._owned(generator), scorers), renderer)
                # A renderer holds its generator: none may outlive its place in the cache.
                self._renderers.keep(lambda key: key[0] in self._generators)
            return renderer

    def generator(self, digest: str) -> Generator:
        with self._loading:
            found = self._generators.get(self._owned(digest))
            if found is None:
                card, arrays = self._load(digest)
                if not isinstance(card, GeneratorCard):
                    raise ModelNotFound(f"model {digest} is no generator", digest=digest)
                found = generators.build(card, arrays, self._device)
                self._generators.put(self._owned(digest), found)
            return found

    def predictor(self, digest: str) -> Predictor:
        with self._loading:
            found = self._predictors.get(self._owned(digest))
            if found is None:
                card, arrays = self._load(digest)
                if not isinstance(card, PredictorCard):
                    raise ModelNotFound(f"model {digest} is no predictor", digest=digest)
                found = predictors.build(card, arrays, self._device, self._exchange)
                self._predictors.put(self._owned(digest), found)
            return found

    def encoder(self, digest: str) -> Encoder:
        with self._loading:
            found = self._encoders.get(self._owned(digest))
            if found is None:
                card, arrays = self._load(digest)
                if not isinstance(card, EncoderCard):
                    raise ModelNotFound(f"model {digest} is no encoder", digest=digest)
                found = inversion.build(card, arrays, self._device)
                self._encoders.put(self._owned(digest), found)
            return found

    def finding_set(self, digest: str) -> FindingSet:
        found = self._findings.get(self._owned(digest))
        if found is None:
            if not _DIGEST.fullmatch(digest):
                raise FindingSetNotFound("a finding set is named by its digest here")
            found = self._catalogue.finding_set(digest)
            self._findings.put(self._owned(digest), found)
        return found

    def _owned(self, digest: str) -> _Owned:
        return self._project, digest

    def _load(self, digest: str) -> tuple[ModelCard, Mapping[str, np.ndarray]]:
        if not _DIGEST.fullmatch(digest):
            raise ModelNotFound("a model is named by its digest here")
        card, arrays = archive.unpack_model(*self._catalogue.model_files(digest))
        if card.digest != digest:
            raise ModelInvalid(f"the stored model has digest {card.digest}, not {digest}")
        return card, arrays
