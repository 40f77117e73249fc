"""References: which content something points to, and which nothing does."""

import json
from collections.abc import Iterator
from contextlib import suppress

from directrix.errors import ObjectNotFound
from directrix.types import AuditManifest, Manifest
from services.artifacts import keys
from services.artifacts.store import ArtifactStore


def loose(store: ArtifactStore) -> set[str]:
    """Keys of content that nothing points to. Content is listed first: what is written meanwhile
    does not count."""
    contents = set(store.keys(keys.OBJECTS))
    return contents - referenced(store)


def referenced(store: ArtifactStore) -> set[str]:
    """Keys of content that a model, a finding set, a scorecard, an audit or a job points to."""
    return {
        keys.content(project, digest)
        for project, key, read in _pointers(store)
        for digest in _digests(store, key, read)
    }


def _pointers(store: ArtifactStore) -> Iterator[tuple[str, str, str]]:
    """(project, key, kind) of everything that points to content."""
    for kind in ("models-by-digest", "finding-sets-by-digest", "scorecards"):
        for key in store.keys(f"{kind}/"):
            yield key.split("/")[1], key, kind
    for key in store.keys(keys.PROJECTS):
        _, project, kind, *_ = key.split("/")
        if kind in ("findingSets", "audits", "operations"):
            yield project, key, kind


def _digests(store: ArtifactStore, key: str, kind: str) -> list[str]:
    try:
        data = store.get(key)
    except ObjectNotFound:
        return []
    match kind:
        case "models-by-digest":
            return list(json.loads(data).values())
        case "finding-sets-by-digest" | "findingSets":
            return [Manifest.model_validate_json(data).tensors]
        case "scorecards":
            return [data.decode()]
        case "audits":
            documents = AuditManifest.model_validate_json(data).documents
            return [document.sha256 for document in documents.values()]
        case _:
            return _of_job(data)


def _of_job(data: bytes) -> list[str]:
    """The pictures of an audit, as its record names them."""
    with suppress(KeyError, TypeError):
        return [json.loads(data)["spec"]["pictures"]["images"]]
    return []
