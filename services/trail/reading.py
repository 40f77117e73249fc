"""Chains of a project, read from a store, and copied out of it."""

from collections import defaultdict
from pathlib import Path

from directrix.errors import ObjectNotFound
from directrix.trail import Chain
from services.artifacts import keys
from services.artifacts.store import ArtifactStore


def chains(store: ArtifactStore, project: str) -> list[Chain]:
    """All of them, with their segments in order. Raises StoreUnavailable."""
    segments: dict[str, list[bytes]] = defaultdict(list)
    for key in sorted(store.keys(keys.trail(project))):
        segments[key.split("/")[2]].append(store.get(key))
    heads = [key.rpartition("/")[2] for key in store.keys(keys.trail_heads(project))]
    names = sorted({*segments, *heads})
    return [Chain(name, segments[name], _head(store, project, name)) for name in names]


def export(store: ArtifactStore, project: str, folder: Path) -> int:
    """Copies the objects under their own keys, for `directrix audit verify`; how many."""
    count = 0
    for prefix in (keys.trail(project), keys.trail_heads(project)):
        for key in store.keys(prefix):
            file = folder / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(store.get(key))
            count += 1
    return count


def _head(store: ArtifactStore, project: str, chain: str) -> bytes | None:
    try:
        return store.get(keys.trail_head(project, chain))
    except ObjectNotFound:
        return None
