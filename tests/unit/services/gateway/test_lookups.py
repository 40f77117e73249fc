"""Look-ups: kept where nothing can change, never where nothing was found."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from directrix.archive import pack_arrays
from directrix.errors import (
    FindingSetNotFound,
    InvalidField,
    ModelNotFound,
    PredictorMismatch,
)
from directrix.types import (
    Direction,
    FindingSet,
    GeneratorCard,
    ImageCard,
    PredictorCard,
    Provenance,
    Scorer,
    Space,
    SpaceCard,
)
from services.artifacts.catalogue import Catalogue
from services.artifacts.memory import MemoryStore
from services.gateway.lookups import Kept, Lookups
from services.gateway.names import Names

IMAGE = ImageCard(channels=1, height=4, width=4)
TOY, JUDGE = "projects/default/models/toy", "projects/default/models/judge"


class CountingStore(MemoryStore):
    """Counts reads."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def get(self, key: str) -> bytes:
        self.reads += 1
        return super().get(key)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def lookups(store: CountingStore) -> Iterator[Lookups]:
    with ThreadPoolExecutor(1) as threads:
        yield Lookups(Catalogue(store), Names("default"), threads)


def register(lookups: Lookups) -> str:
    generator = GeneratorCard(
        name="toy",
        architecture="linear",
        image=IMAGE,
        spaces=(SpaceCard(space=Space.Z, dimension=2),),
    )
    predictor = PredictorCard(
        name="judge", architecture="linear", image=IMAGE, scorers=(Scorer(name="a"),)
    )
    for card in (generator, predictor):
        tensors = pack_arrays({"A": np.zeros(3, np.float32)})
        entry = lookups.catalogue.put_model(card.name, card.model_dump_json(), tensors)
    return entry.digest


def run(work: Callable[[], Awaitable[object]]) -> object:
    async def scene() -> object:
        return await work()

    return asyncio.run(scene())


def test_what_was_found_is_read_once(lookups: Lookups, store: CountingStore) -> None:
    register(lookups)
    store.reads = 0
    first = run(lambda: lookups.generator(TOY, "generator"))
    reads = store.reads
    assert run(lambda: lookups.generator(TOY, "generator")) is first
    assert (store.reads, reads > 0) == (reads, True)


def test_what_was_not_found_is_looked_for_again(lookups: Lookups) -> None:
    with pytest.raises(ModelNotFound):
        run(lambda: lookups.model(TOY))
    register(lookups)
    assert run(lambda: lookups.model(TOY)).name == TOY


def test_finding_sets_by_name(lookups: Lookups, store: CountingStore) -> None:
    findings = FindingSet(
        (Direction(Space.Z, np.array([1.0, 0.0]), 1.0),),
        Provenance(method="axes", version="1", generator="0" * 64),
    )
    missing = "projects/default/findingSets/f" + "0" * 40
    with pytest.raises(FindingSetNotFound):
        run(lambda: lookups.finding_set(missing))
    name = lookups.catalogue.put_finding_set(findings)
    entry = run(lambda: lookups.finding_set(name))
    assert (entry.generator, entry.count) == ("0" * 64, 1)


def test_kinds_and_sizes_are_checked_on_every_use(lookups: Lookups) -> None:
    register(lookups)
    with pytest.raises(InvalidField) as caught:
        run(lambda: lookups.generator(JUDGE, "recipe.generator"))
    assert caught.value.field == "recipe.generator"
    with pytest.raises(PredictorMismatch, match="is a generator"):
        run(lambda: lookups.predictor(TOY, "predictors[0]", IMAGE))
    assert run(lambda: lookups.predictor(JUDGE, "predictors[0]", IMAGE)).scorers == ("a",)
    larger = IMAGE.model_copy(update={"height": 8})
    with pytest.raises(PredictorMismatch, match="reads 1 x 4 x 4 images, not 1 x 8 x 4"):
        run(lambda: lookups.predictor(JUDGE, "predictors[0]", larger))


def test_only_the_latest_are_kept() -> None:
    kept: Kept[int] = Kept(most=2)
    for i, name in enumerate("abc"):
        kept.put(name, i)
        kept.get("b")
    assert (kept.get("a"), kept.get("b"), kept.get("c"), len(kept)) == (None, 1, 2, 2)
