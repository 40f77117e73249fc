"""What must be true of a world after every run."""

from directrix.archive import finding_set_digest
from directrix.errors import (
    ArchiveInvalid,
    ChecksumMismatch,
    DirectrixError,
    NotFound,
    ScorecardNotFound,
    Unavailable,
)
from services.artifacts import keys
from services.artifacts.catalogue import Catalogue
from services.artifacts.store import ArtifactStore
from services.jobs.queueing import lists
from services.jobs.redis_client import PREFIX
from tests.faults.world import LEASE_SECONDS, World, comes_true

PROJECT = "default"


def half_artifacts(store: ArtifactStore, known: set[str]) -> list[str]:
    """Names that readers see and whose content is not whole. known: looked at before; grows."""
    catalogue = Catalogue(store, PROJECT)
    halves = []
    for name in store.keys(keys.finding_sets(PROJECT)):
        if name not in known and not _is_whole(catalogue, name):
            halves.append(name)
        known.add(name)
    return halves


def _is_whole(catalogue: Catalogue, name: str) -> bool:
    try:
        manifest = catalogue.finding_set_manifest(name)
        findings = catalogue.finding_set(name)
        try:
            catalogue.scorecard(manifest.digest)
        except ScorecardNotFound:
            return False  # every errand has a judge
        return manifest.digest == finding_set_digest(findings)
    except Unavailable:
        raise
    except (NotFound, ChecksumMismatch, ArchiveInvalid, DirectrixError, ValueError):
        return False


def left_over(world: World) -> list[str]:
    """Marks of jobs that ended: leases, locks and messages that nobody will ever take away."""
    comes_true(lambda: not _held(world), LEASE_SECONDS + 20.0)
    return _held(world)


def _held(world: World) -> list[str]:
    found = [key.decode() for key in world.redis.scan_iter(f"{PREFIX}*")]
    held = [key for key in found if key.startswith((f"{PREFIX}lease:projects", f"{PREFIX}guard"))]
    endless = [key for key in found if key not in held and world.redis.ttl(key) == -1]
    waiting = [name for name in lists("directrix") if world.redis.llen(name)]
    return held + endless + waiting
