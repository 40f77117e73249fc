"""Projects as a whole: erased without a trace, brought back byte for byte, never mixed."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from directrix.archive import pack_arrays
from directrix.errors import ArchiveInvalid, ObjectExists, OperationUnfinished
from directrix.generators import linear
from directrix.types import ImageCard
from services.admin.backup import backup, restore
from services.admin.erasure import erase
from services.artifacts import keys
from services.artifacts.catalogue import Catalogue, MethodEntry
from services.artifacts.folder import FolderStore
from services.artifacts.memory import MemoryStore
from services.artifacts.store import ArtifactStore
from services.jobs import DiscoverySpec, ModelRef, State
from services.jobs.durable import DurableJobStore
from services.jobs.transitions import take_up

IMAGE = ImageCard(channels=1, height=8, width=8)
REQUEST = "7e5d1c44-9f0b-4a53-8a65-0c5e6a3d9b21"


def fill(store: ArtifactStore, project: str) -> DurableJobStore:
    """A model, a checkpoint, and a job that waits."""
    arrays, _ = linear.planted((8.0, 6.0), 64, seed=1)
    catalogue, jobs = Catalogue(store, project), DurableJobStore(store)
    card = linear.card("toy", IMAGE, 2)
    entry = catalogue.put_model("toy", card.model_dump_json(), pack_arrays(arrays))
    spec = DiscoverySpec(generator=ModelRef(name=entry.name, digest=entry.digest), method="sefa")
    job = jobs.create(project, spec, REQUEST)
    catalogue.put_checkpoint(job.id, spec.digest, "fit", b"state")
    return jobs


def everything(store: ArtifactStore, project: str) -> dict[str, bytes]:
    return {key: store.get(key) for p in keys.belongings(project) for key in store.keys(p)}


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    return MemoryStore() if request.param == "memory" else FolderStore(tmp_path / "store")


def test_all_keys_of_a_project_are_among_its_belongings(store: ArtifactStore) -> None:
    fill(store, "shoes")
    assert set(store.keys("")) == set(everything(store, "shoes"))
    assert {key.split("/")[0] for key in store.keys("")} >= {
        "active", "projects", "requests", "checkpoints", "models-by-digest", "objects",
    }  # fmt: skip


def test_an_erased_project_leaves_nothing_and_its_neighbour_everything(
    store: ArtifactStore,
) -> None:
    jobs = fill(store, "shoes")
    fill(store, "shoes-2")
    Catalogue(store).put_methods([MethodEntry("sefa", "", "1", (), {})])
    before = everything(store, "shoes-2")
    count = len(everything(store, "shoes"))
    # cancelling writes one more version of the job's record
    assert erase(store, jobs, "shoes") == count + 1
    assert everything(store, "shoes") == {}
    assert everything(store, "shoes-2") == before
    assert set(store.keys("")) == {*before, keys.METHODS}
    assert erase(store, jobs, "shoes") == 0


def test_a_job_that_still_runs_is_waited_for(store: ArtifactStore) -> None:
    jobs = fill(store, "shoes")
    (job,) = jobs.jobs("shoes")
    jobs.update(job.name, lambda job: take_up(job, 0, "token"))
    before = everything(store, "shoes")
    with pytest.raises(OperationUnfinished):
        erase(store, jobs, "shoes", patience=1.0, sleep=lambda seconds: None)
    assert jobs.get(job.name).state is State.CANCELLING
    assert everything(store, "shoes").keys() >= before.keys()

    def ended(seconds: float) -> None:
        jobs.update(job.name, lambda job: job.model_copy(update={"state": State.CANCELLED}))

    assert erase(store, jobs, "shoes", sleep=ended) > len(before)
    assert everything(store, "shoes") == {}


def test_a_project_comes_back_byte_for_byte(store: ArtifactStore, tmp_path: Path) -> None:
    jobs = fill(store, "shoes")
    fill(store, "bags")
    before, neighbour = everything(store, "shoes"), everything(store, "bags")
    file = tmp_path / "shoes.tar"
    assert backup(store, "shoes", file) == len(before)
    with pytest.raises(ObjectExists):
        restore(store, file)
    erase(store, jobs, "shoes")
    assert restore(store, file) == ("shoes", len(before))
    assert everything(store, "shoes") == before
    assert everything(store, "bags") == neighbour
    assert [job.state for job in jobs.active() if job.project == "shoes"] == [State.QUEUED]
    assert [each.name for each in tmp_path.glob(".*")] == []


def _changed(file: Path, change) -> Path:
    """A backup with its members changed."""
    with tarfile.open(file) as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    change(members)
    with tarfile.open(file, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file


def _of_another(members: dict[str, bytes]) -> None:
    members["backup.json"] = json.dumps({"format": 1, "project": "bags"}).encode()


def _damaged(members: dict[str, bytes]) -> None:
    key = next(key for key in members if key.startswith("objects/"))
    members[key] = members[key][:-1] + b"!"


def _climbing(members: dict[str, bytes]) -> None:
    digests = json.loads(members["digests.json"])
    members["../../etc/passwd"] = b""
    digests["../../etc/passwd"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    members["digests.json"] = json.dumps(digests).encode()


def _lacking(members: dict[str, bytes]) -> None:
    del members[next(key for key in members if key.startswith("objects/"))]


def _newer(members: dict[str, bytes]) -> None:
    members["backup.json"] = json.dumps({"format": 2, "project": "shoes"}).encode()


@pytest.mark.parametrize("change", [_of_another, _damaged, _climbing, _lacking, _newer, dict.clear])
def test_a_backup_that_is_not_whole_writes_nothing(change, tmp_path: Path) -> None:
    store = MemoryStore()
    fill(store, "shoes")
    file = tmp_path / "shoes.tar"
    backup(store, "shoes", file)
    empty = MemoryStore()
    with pytest.raises(ArchiveInvalid):
        restore(empty, _changed(file, change))
    assert list(empty.keys("")) == []
    file.write_bytes(b"no tar")
    with pytest.raises(ArchiveInvalid):
        restore(empty, file)
