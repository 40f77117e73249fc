"""Look-ups in the catalogue: off the event loop, and once for what can never change."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Generic, TypeVar

from directrix.errors import EncoderMismatch, InvalidField, PredictorMismatch
from directrix.types import EncoderCard, GeneratorCard, ImageCard, PredictorCard, Space
from services.artifacts.catalogue import Catalogue, ModelEntry
from services.gateway.names import Names
from services.sight.metrics import LOOKUPS

V = TypeVar("V")
R = TypeVar("R")
MOST_KEPT = 4096
_HIT, _MISS = LOOKUPS.labels("hit"), LOOKUPS.labels("miss")


class Kept(Generic[V]):
    """The last `most` values by name. What was not found is never kept: it may come."""

    def __init__(self, most: int = MOST_KEPT):
        self._most = most
        self._values: OrderedDict[str, V] = OrderedDict()

    def get(self, name: str) -> V | None:
        value = self._values.get(name)
        if value is not None:
            self._values.move_to_end(name)
        (_MISS if value is None else _HIT).inc()
        return value

    def put(self, name: str, value: V) -> V:
        self._values[name] = value
        self._values.move_to_end(name)
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True)
class GeneratorEntry:
    name: str
    digest: str
    card: GeneratorCard


@dataclass(frozen=True)
class PredictorEntry:
    name: str
    digest: str
    card: PredictorCard

    @property
    def scorers(self) -> tuple[str, ...]:
        return tuple(scorer.name for scorer in self.card.scorers)


@dataclass(frozen=True)
class FindingSetEntry:
    """What requests need to know of a finding set before any array is read."""

    name: str
    digest: str
    generator: str
    count: int


class Lookups:
    """Names of the project -> what they stand for.

    A model's name is bound to one digest for ever and a finding set is immutable, so both are
    kept; lists are always read.
    """

    def __init__(self, catalogue: Catalogue, names: Names, threads: Executor):
        self.catalogue = catalogue
        self.names = names
        self._threads = threads
        self._models: Kept[ModelEntry] = Kept()
        self._generators: Kept[GeneratorEntry] = Kept()
        self._predictors: Kept[PredictorEntry] = Kept()
        self._sets: Kept[FindingSetEntry] = Kept()

    async def call(self, work: Callable[..., R], *arguments: object) -> R:
        """Runs a blocking call of the catalogue off the loop, in the caller's context."""
        run = copy_context().run
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, run, work, *arguments
        )

    async def model(self, name: str, field: str = "name") -> ModelEntry:
        """Raises ModelNotFound, ProjectNotFound."""
        kept = self._models.get(name)
        if kept is not None:
            return kept
        return self._models.put(
            name, await self.call(self.catalogue.model, self.names.model(name, field))
        )

    async def generator(self, name: str, field: str) -> GeneratorEntry:
        """Raises InvalidField where the model is no generator."""
        kept = self._generators.get(name)
        if kept is not None:
            return kept
        entry = await self.model(name, field)
        if not isinstance(entry.card, GeneratorCard):
            raise InvalidField(
                f"{name} is a {entry.card.kind}; {field} names a generator", field=field
            )
        return self._generators.put(name, GeneratorEntry(name, entry.digest, entry.card))

    async def predictor(self, name: str, field: str, image: ImageCard) -> PredictorEntry:
        """Raises PredictorMismatch where it is none, or cannot read these images."""
        kept = self._predictors.get(name)
        if kept is None:
            entry = await self.model(name, field)
            if not isinstance(entry.card, PredictorCard):
                raise PredictorMismatch(f"{name} is a {entry.card.kind}; {field} names a predictor")
            kept = self._predictors.put(name, PredictorEntry(name, entry.digest, entry.card))
        _check_reads(kept, image)
        return kept

    async def encoder(
        self, name: str, field: str, generator: GeneratorCard, space: Space
    ) -> ModelEntry:
        """Raises EncoderMismatch where it is none, or of another generator or space."""
        entry = await self.model(name, field)
        card = entry.card
        if not isinstance(card, EncoderCard):
            raise EncoderMismatch(f"{name} is a {card.kind}; {field} names an encoder")
        if card.generator != generator.digest or card.space is not space:
            raise EncoderMismatch(
                f"{name} is not an encoder into {space} of generator {generator.name}",
                encoder=name,
                generator=generator.name,
            )
        return entry

    async def finding_set(self, name: str, field: str = "name") -> FindingSetEntry:
        """Raises FindingSetNotFound, ProjectNotFound."""
        kept = self._sets.get(name)
        if kept is not None:
            return kept
        self.names.finding_set(name, field)
        manifest = await self.call(self.catalogue.finding_set_manifest, name)
        return self._sets.put(
            name,
            FindingSetEntry(
                name, manifest.digest, manifest.provenance.generator, len(manifest.findings)
            ),
        )


def _check_reads(predictor: PredictorEntry, image: ImageCard) -> None:
    mine = predictor.card.image
    if (mine.channels, mine.height, mine.width) != (image.channels, image.height, image.width):
        raise PredictorMismatch(
            f"{predictor.name} reads {mine.channels} x {mine.height} x {mine.width} images, "
            f"not {image.channels} x {image.height} x {image.width}",
            predictor=predictor.name,
        )
