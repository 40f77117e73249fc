from pathlib import Path

import numpy as np
import pytest

from directrix.archive import finding_set_digest, model_digest, pack_arrays
from directrix.errors import (
    ChecksumMismatch,
    FindingSetNotFound,
    InvalidField,
    ModelExists,
    ModelInvalid,
    ModelNotFound,
    ObjectNotFound,
    ScorecardNotFound,
)
from directrix.types import (
    Direction,
    FindingSet,
    GeneratorCard,
    ImageCard,
    PopulationSpec,
    Provenance,
    Scorecard,
    Space,
    SpaceCard,
)
from services.artifacts import keys, open_store
from services.artifacts.catalogue import Catalogue, MethodEntry
from services.artifacts.folder import FolderStore
from services.artifacts.memory import MemoryStore
from services.artifacts.s3 import S3Store
from services.settings import Settings

CARD = GeneratorCard(
    name="toy",
    architecture="linear",
    image=ImageCard(channels=1, height=2, width=2),
    spaces=(SpaceCard(space=Space.Z, dimension=2),),
)
ARRAYS = {"A": np.arange(8, dtype=np.float32).reshape(4, 2), "b": np.zeros(4, np.float32)}
TENSORS = pack_arrays(ARRAYS)
OTHER = pack_arrays({**ARRAYS, "b": np.ones(4, np.float32)})
DIGEST = model_digest(CARD, ARRAYS)
SPEC = PopulationSpec(DIGEST, seed=3)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def catalogue(store: MemoryStore) -> Catalogue:
    return Catalogue(store)


def findings(seed: int = 0) -> FindingSet:
    direction = Direction(Space.Z, np.array([0.6, 0.8]), 1.0)
    return FindingSet(
        (direction,), Provenance(method="m", version="1", seed=seed, generator=DIGEST), ("hint",)
    )


def scorecard(digest: str) -> Scorecard:
    return Scorecard(
        finding_set=digest,
        generator=DIGEST,
        scorers=(),
        alphas=(-1.0, 0.0, 1.0),
        seed=1,
        samples=2,
        random_floor_sd=0.5,
        random_findings=1,
        findings=(),
    )


def put(catalogue: Catalogue, model_id: str = "toy", tensors: bytes = TENSORS) -> str:
    return catalogue.put_model(model_id, CARD.model_dump_json(), tensors).digest


def test_a_model_by_name_and_by_digest(catalogue: Catalogue) -> None:
    entry = catalogue.put_model("toy", CARD.model_dump_json(), TENSORS)
    assert entry.name == "projects/default/models/toy"
    assert entry.digest == entry.card.digest == DIGEST
    assert catalogue.model("toy") == entry
    card, tensors = catalogue.model_files(DIGEST)
    assert GeneratorCard.model_validate_json(card) == entry.card == catalogue.model_card(DIGEST)
    assert tensors == TENSORS


def test_the_same_model_twice_is_one_and_an_id_is_bound_for_ever(catalogue: Catalogue) -> None:
    assert put(catalogue) == put(catalogue)
    with pytest.raises(ModelExists) as caught:
        put(catalogue, tensors=OTHER)
    assert caught.value.reason == "MODEL_EXISTS"
    assert put(catalogue, "other", OTHER) != DIGEST
    assert put(catalogue, "twin") == DIGEST
    assert [entry.name[-5:] for entry in catalogue.models()] == ["other", "s/toy", "/twin"]


def test_models_are_paged_by_name(catalogue: Catalogue) -> None:
    for name in ("a", "a-b", "a0", "b"):
        put(catalogue, name)
    first = catalogue.models(limit=2)
    assert [m.name.rpartition("/")[2] for m in first] == ["a", "a-b"]
    rest = catalogue.models(after=first[-1].name)
    assert [m.name.rpartition("/")[2] for m in rest] == ["a0", "b"]


@pytest.mark.parametrize("model_id", ["", "A", "a/b", "../a", "a" * 64, "a_b", "-a", "a-"])
def test_ids_that_are_none(catalogue: Catalogue, model_id: str) -> None:
    with pytest.raises(InvalidField):
        put(catalogue, model_id)
    with pytest.raises(InvalidField):
        catalogue.model(model_id)


def test_models_that_are_none(catalogue: Catalogue) -> None:
    with pytest.raises(ModelInvalid):
        catalogue.put_model("toy", "{}", TENSORS)
    with pytest.raises(ModelInvalid):
        catalogue.put_model("toy", CARD.model_dump_json(), b"no tensors")
    assert catalogue.models() == []
    with pytest.raises(ModelNotFound):
        catalogue.model("toy")
    with pytest.raises(ModelNotFound):
        catalogue.model_files("0" * 64)


def test_a_finding_set_by_name_and_by_digest(catalogue: Catalogue) -> None:
    digest = finding_set_digest(findings())
    name = catalogue.put_finding_set(findings())
    assert name == f"projects/default/findingSets/f{digest[:40]}"
    assert catalogue.put_finding_set(findings()) == name
    for key in (name, digest):
        assert finding_set_digest(catalogue.finding_set(key)) == digest
        assert catalogue.finding_set(key).hints == ("hint",)
        assert catalogue.finding_set_manifest(key).digest == digest
    assert [(n, m.digest) for n, m in catalogue.finding_sets()] == [(name, digest)]
    assert catalogue.finding_sets(after=name) == []


def test_an_unlisted_finding_set_is_found_by_whoever_knows_it(catalogue: Catalogue) -> None:
    digest = finding_set_digest(findings())
    name = catalogue.put_finding_set(findings(), listed=False)
    assert name == catalogue.finding_set_name(digest)
    for key in (name, digest):
        assert catalogue.finding_set_manifest(key).digest == digest
    assert catalogue.finding_sets() == []
    for part in (name[:-1], f"{name}0", "projects/default/findingSets/f"):
        with pytest.raises(FindingSetNotFound):
            catalogue.finding_set(part)


@pytest.mark.parametrize(
    "name", ["", "f1", "0" * 64, "projects/other/findingSets/f1", "projects/default/findingSets/f1"]
)
def test_unknown_finding_sets(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(FindingSetNotFound):
        catalogue.finding_set(name)


@pytest.mark.parametrize("listed", [True, False])
def test_projects_share_nothing(store: MemoryStore, catalogue: Catalogue, listed: bool) -> None:
    name = catalogue.put_finding_set(findings(), listed)
    put(catalogue)
    other = catalogue.of("other")
    assert other.models() == []
    assert other.finding_sets() == []
    with pytest.raises(FindingSetNotFound):
        other.finding_set(name)
    with pytest.raises(FindingSetNotFound):
        other.finding_set(finding_set_digest(findings()))
    with pytest.raises(FindingSetNotFound):
        other.finding_set(name.replace("default", "other"))
    with pytest.raises(ModelNotFound):
        other.model_files(DIGEST)
    before = set(store.keys(""))
    put(other)
    assert other.model_files(DIGEST)[1] == TENSORS
    new = set(store.keys("")) - before
    assert new
    assert all(key.split("/")[1] == "other" for key in new)
    assert all(key.startswith(keys.belongings("other")) for key in new)


def test_scorecards_are_replaced_and_never_guessed(catalogue: Catalogue) -> None:
    digest = finding_set_digest(findings())
    with pytest.raises(ScorecardNotFound):
        catalogue.scorecard(digest)
    catalogue.put_scorecard(digest, scorecard(digest))
    newer = scorecard(digest).model_copy(update={"seed": 2})
    catalogue.put_scorecard(digest, newer)
    assert catalogue.scorecard(digest) == newer
    with pytest.raises(InvalidField):
        catalogue.put_scorecard("1" * 64, newer)


def test_scores_are_kept_by_shard(catalogue: Catalogue) -> None:
    scores = np.arange(6, dtype=np.float32).reshape(3, 2)
    catalogue.put_scores(SPEC, "b" * 64, 1024, 3, scores)
    assert np.array_equal(catalogue.scores(SPEC, "b" * 64, 1024, 3), scores)
    assert catalogue.scored(SPEC, "b" * 64) == {(1024, 3)}
    assert catalogue.scored(SPEC, "c" * 64) == set()
    with pytest.raises(ObjectNotFound):
        catalogue.scores(SPEC, "b" * 64, 1024, 4)
    with pytest.raises(InvalidField):
        catalogue.put_scores(SPEC, "b" * 64, 0, 4, scores)


def test_changed_bytes_are_noticed(store: MemoryStore, catalogue: Catalogue) -> None:
    put(catalogue)
    name = catalogue.put_finding_set(findings())
    catalogue.put_scores(SPEC, "b" * 64, 0, 1, np.ones((1, 1)))
    catalogue.put_checkpoint("d1", "a" * 64, "fit", b"state")
    for key in [*store.keys("objects/"), *store.keys("scores/"), *store.keys("checkpoints/")]:
        store.put(key, store.get(key)[:-1] + b"!")
    for read in (
        lambda: catalogue.model_files(DIGEST),
        lambda: catalogue.finding_set(name),
        lambda: catalogue.scores(SPEC, "b" * 64, 0, 1),
        lambda: catalogue.checkpoint("d1", "a" * 64, "fit"),
    ):
        with pytest.raises(ChecksumMismatch):
            read()


def test_methods_are_what_was_published_last(catalogue: Catalogue) -> None:
    assert catalogue.methods() == []
    entries = [MethodEntry(name, "does", "1", ("weights",), {"type": "object"}) for name in "ba"]
    catalogue.put_methods(entries)
    assert [entry.name for entry in catalogue.methods()] == ["a", "b"]
    catalogue.put_methods(entries[:1])
    assert catalogue.methods() == entries[:1]


def test_checkpoints_go_with_their_job(catalogue: Catalogue) -> None:
    catalogue.put_checkpoint("d1", "a" * 64, "fit", b"one")
    catalogue.put_checkpoint("d1", "a" * 64, "fit", b"two")
    catalogue.put_checkpoint("d2", "a" * 64, "fit", b"other")
    assert catalogue.checkpoint("d1", "a" * 64, "fit") == b"two"
    assert catalogue.checkpoints("d1", "a" * 64) == {"fit"}
    assert catalogue.checkpoints("d1", "b" * 64) == set()
    catalogue.drop_checkpoints("d1")
    with pytest.raises(ObjectNotFound):
        catalogue.checkpoint("d1", "a" * 64, "fit")
    assert catalogue.checkpoint("d2", "a" * 64, "fit") == b"other"


def test_the_settings_choose_the_store(tmp_path: Path) -> None:
    kinds = {"s3": S3Store, "folder": FolderStore, "memory": MemoryStore}
    for kind, store in kinds.items():
        assert isinstance(open_store(Settings(store_kind=kind, store_folder=tmp_path)), store)
