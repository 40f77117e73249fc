"""Audits: manifests that point to documents, and the pictures that audits were given."""

import itertools
from collections.abc import Mapping

import numpy as np

from directrix.archive import canonical_json, pack_arrays, sha256, unpack_arrays
from directrix.errors import ArchiveInvalid, AuditNotFound, ObjectNotFound
from directrix.types import AuditDocument, AuditManifest, AuditRecord
from services.artifacts import keys
from services.artifacts.contents import Contents

JSON, CSV, HTML = "json", "csv", "html"
"""The documents of an audit."""
PIXELS = "images"


class Audits:
    """Of one project. Every call raises StoreUnavailable, and ChecksumMismatch."""

    def __init__(self, contents: Contents, project: str):
        self._contents = contents
        self._project = project

    def put(self, record: AuditRecord, rendered: Mapping[str, bytes]) -> str:
        """Stores an audit, content first, and returns its name, "projects/{p}/audits/a<40 hex>".

        rendered: "csv" and "html". The same audit twice is the same resource.
        """
        documents = {JSON: canonical_json(record.model_dump(mode="json")), **rendered}
        audit = record.audit
        judged = any(row.accused is not None for row in audit.reliance)
        manifest = AuditManifest(
            digest=record.digest,
            specification=record.specification,
            samples=audit.samples,
            findings=len(audit.reliance),
            accused=len(audit.accused) if judged else None,
            span=audit.span.verdict,
            documents={
                name: AuditDocument(sha256=self._contents.put(data), size=len(data))
                for name, data in documents.items()
            },
        )
        name = keys.audit(self._project, keys.audit_id(record.digest))
        self._contents.point(name, manifest.model_dump_json().encode(), *documents.values())
        return name

    def get(self, name: str) -> AuditManifest:
        """By its name. Raises AuditNotFound."""
        missing = AuditNotFound(f"there is no audit {name}", name=name)
        prefix = keys.audits(self._project)
        if not name.startswith(prefix):
            raise missing
        key = keys.audit(self._project, name.removeprefix(prefix))
        return AuditManifest.model_validate_json(self._contents.read(key, missing))

    def page(self, after: str = "", limit: int = 1000) -> list[tuple[str, AuditManifest]]:
        """At most `limit` names and manifests, in order, from behind the name `after` on."""
        names = self._contents.store.keys(keys.audits(self._project), after)
        return [(name, self.get(name)) for name in itertools.islice(names, limit)]

    def document(self, manifest: AuditManifest, name: str) -> bytes:
        return self._contents.get(manifest.documents[name].sha256)

    def record(self, manifest: AuditManifest) -> AuditRecord:
        return AuditRecord.model_validate_json(self.document(manifest, JSON))

    def put_pictures(self, images: np.ndarray) -> str:
        """Stores uint8 [N, H, W, C] and returns the digest."""
        return self._contents.put(pack_arrays({PIXELS: images}))

    def pictures(self, digest: str) -> np.ndarray:
        """uint8 [N, H, W, C]. Raises ObjectNotFound where nobody has stored such pictures."""
        missing = ObjectNotFound(f"there are no pictures {digest}", digest=digest)
        try:
            images = unpack_arrays(self._contents.get(digest))[PIXELS]
        except (ArchiveInvalid, KeyError, ObjectNotFound) as error:
            raise missing from error
        if images.dtype != np.uint8 or images.ndim != 4:
            raise missing
        return images


def digest_of(specification: str, audit: Mapping[str, object]) -> str:
    """The digest of an audit: of its specification's digest and its tables."""
    return sha256(canonical_json([specification, dict(audit)]))
