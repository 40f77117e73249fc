"""Catalogue: what the stored bytes mean, for one project.

Content is named after its digest and checked against it at every read; what points to it is
written after it, so that a reader sees whole artifacts or none.
"""

import dataclasses
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from directrix.archive import (
    canonical_json,
    pack_arrays,
    pack_finding_set,
    read_card,
    sha256,
    unpack_arrays,
    unpack_finding_set,
    unpack_model,
)
from directrix.errors import (
    ChecksumMismatch,
    FindingSetNotFound,
    InvalidField,
    ModelExists,
    ModelNotFound,
    ObjectNotFound,
    ScorecardNotFound,
)
from directrix.foreign import check_foreign
from directrix.types import FindingSet, Manifest, ModelCard, PopulationSpec, Scorecard
from services.artifacts import keys
from services.artifacts.audits import Audits
from services.artifacts.contents import Contents
from services.artifacts.store import ArtifactStore

_SEAL = 64


@dataclass(frozen=True)
class ModelEntry:
    """A model as it is listed. name: "projects/{p}/models/{m}"; the card holds the digest too."""

    name: str
    digest: str
    card: ModelCard


@dataclass(frozen=True)
class MethodEntry:
    """A discovery method as workers publish it. schema: JSON Schema of its parameters."""

    name: str
    description: str
    version: str
    needs: tuple[str, ...]
    schema: dict[str, object]


class Catalogue:
    """Models, finding sets, scorecards, scores and checkpoints of one project, and its audits.

    Digests are the same everywhere, but what another project has is not here. Every call raises
    StoreUnavailable, and ChecksumMismatch where stored bytes have changed.
    """

    def __init__(self, store: ArtifactStore, project: str = "default"):
        self._store = store
        self._project = project
        self._contents = Contents(store, project)
        self.audits = Audits(self._contents, project)

    def of(self, project: str) -> "Catalogue":
        """That of another project in the same store."""
        return Catalogue(self._store, project)

    # ---- models

    def put_model(self, model_id: str, card_json: str | bytes, tensors: bytes) -> ModelEntry:
        """Registers a model; the same one twice is the same resource.

        Raises ModelInvalid, InvalidField for an id that is none, and ModelExists where the id
        belongs to another digest: ids are bound for ever.
        """
        key = keys.model(self._project, model_id)
        card, arrays = unpack_model(card_json, tensors)
        check_foreign(card, arrays)
        card_bytes = card.model_dump_json().encode()
        parts = {"card": self._contents.put(card_bytes), "tensors": self._contents.put(tensors)}
        by_digest = keys.model_by_digest(self._project, card.digest)
        self._contents.point(by_digest, canonical_json(parts), card_bytes, tensors)
        if not self._contents.put_first(key, card_bytes):
            bound = self.model(model_id)
            if bound.digest != card.digest:
                raise ModelExists(
                    f"model {model_id} is bound to digest {bound.digest}: choose another id",
                    model=model_id,
                    digest=bound.digest,
                )
            return bound
        return ModelEntry(key, card.digest, card)

    def model(self, model_id: str) -> ModelEntry:
        """A model by its id. Raises ModelNotFound."""
        key = keys.model(self._project, model_id)
        card = read_card(
            self._contents.read(key, ModelNotFound(f"there is no model {key}", name=key))
        )
        return ModelEntry(key, card.digest, card)

    def models(self, after: str = "", limit: int = 1000) -> list[ModelEntry]:
        """At most `limit` models in the order of their names, from behind the name `after` on."""
        prefix = keys.models(self._project)
        page = itertools.islice(self._store.keys(prefix, after), limit)
        return [self.model(key.removeprefix(prefix)) for key in page]

    def card(self, digest: str) -> ModelCard:
        """A model's card by its digest. Raises ModelNotFound."""
        missing = ModelNotFound(f"there is no model with digest {digest}", digest=digest)
        parts = json.loads(
            self._contents.read(keys.model_by_digest(self._project, digest), missing)
        )
        return read_card(self._contents.get(parts["card"]))

    def model_files(self, digest: str) -> tuple[bytes, bytes]:
        """Card (JSON) and tensors (safetensors) by the model's digest. Raises ModelNotFound."""
        missing = ModelNotFound(f"there is no model with digest {digest}", digest=digest)
        parts = json.loads(
            self._contents.read(keys.model_by_digest(self._project, digest), missing)
        )
        return self._contents.get(parts["card"]), self._contents.get(parts["tensors"])

    def model_card(self, digest: str) -> ModelCard:
        """A model's card by its digest, without its tensors. Raises ModelNotFound."""
        missing = ModelNotFound(f"there is no model with digest {digest}", digest=digest)
        parts = json.loads(
            self._contents.read(keys.model_by_digest(self._project, digest), missing)
        )
        return read_card(self._contents.get(parts["card"]))

    # ---- finding sets and their scorecards

    def put_finding_set(self, findings: FindingSet, listed: bool = True) -> str:
        """Stores a finding set and returns its name, "projects/{p}/findingSets/f<40 hex>".

        listed: False keeps it out of the project's list; whoever knows its name or digest finds it.
        """
        manifest, tensors = pack_finding_set(findings)
        if self._contents.put(tensors) != manifest.tensors:
            raise ChecksumMismatch("the manifest does not name its tensors")
        data = manifest.model_dump_json().encode()
        by_digest = keys.finding_set_by_digest(self._project, manifest.digest)
        self._contents.point(by_digest, data, tensors)
        name = self.finding_set_name(manifest.digest)
        if listed:
            self._contents.put_first(name, data)
        return name

    def finding_set_name(self, digest: str) -> str:
        """What a finding set is called, whether or not it is there."""
        return keys.finding_set(self._project, keys.finding_set_id(digest))

    def finding_set(self, digest_or_name: str) -> FindingSet:
        """A finding set, listed or not, by digest or name. Raises FindingSetNotFound."""
        manifest = self.finding_set_manifest(digest_or_name)
        return unpack_finding_set(manifest, self._contents.get(manifest.tensors))

    def finding_set_manifest(self, digest_or_name: str) -> Manifest:
        """A finding set, listed or not, without its arrays. Raises FindingSetNotFound."""
        for key in self._finding_set_keys(digest_or_name):
            with suppress(ObjectNotFound):
                return Manifest.model_validate_json(self._store.get(key))
        raise FindingSetNotFound(f"there is no finding set {digest_or_name}", name=digest_or_name)

    def _finding_set_keys(self, digest_or_name: str) -> Iterator[str]:
        """Where its manifest may be; under its name only where it is listed."""
        prefix = keys.finding_sets(self._project)
        if keys.is_digest(digest_or_name):
            yield keys.finding_set_by_digest(self._project, digest_or_name)
        elif digest_or_name.startswith(prefix):
            set_id = digest_or_name.removeprefix(prefix)
            yield keys.finding_set(self._project, set_id)
            if keys.is_finding_set_id(set_id):
                yield from self._store.keys(keys.finding_set_by_id(self._project, set_id))

    def finding_sets(self, after: str = "", limit: int = 1000) -> list[tuple[str, Manifest]]:
        """At most `limit` names and manifests, in order, from behind the name `after` on."""
        page = itertools.islice(self._store.keys(keys.finding_sets(self._project), after), limit)
        return [(name, self.finding_set_manifest(name)) for name in page]

    def put_scorecard(self, finding_set_digest: str, scorecard: Scorecard) -> None:
        """Replaces the scorecard of a finding set; the set itself never changes."""
        if scorecard.finding_set != finding_set_digest:
            raise InvalidField("the scorecard is of another finding set", field="finding_set")
        data = scorecard.model_dump_json().encode()
        content = self._contents.put(data)
        self._store.put(keys.scorecard(self._project, finding_set_digest), content.encode())
        self._contents.put(data)  # as in `Contents.point`

    def scorecard(self, finding_set_digest: str) -> Scorecard:
        """Raises ScorecardNotFound where the set was never scored."""
        missing = ScorecardNotFound(
            f"finding set {finding_set_digest} has no scorecard", digest=finding_set_digest
        )
        content = self._contents.read(
            keys.scorecard(self._project, finding_set_digest), missing
        ).decode()
        return Scorecard.model_validate_json(self._contents.get(content))

    # ---- populations

    def put_scores(
        self, spec: PopulationSpec, predictor: str, start: int, count: int, scores: np.ndarray
    ) -> None:
        """Scores [count, K] float32 of samples start .. start + count by one predictor's digest."""
        if scores.ndim != 2 or len(scores) != count:
            raise InvalidField(f"scores of {count} samples, not {scores.shape}", field="scores")
        data = pack_arrays({"scores": np.asarray(scores, np.float32)})
        self._store.put(keys.scores(self._project, spec.key, predictor, start, count), _seal(data))

    def scores(self, spec: PopulationSpec, predictor: str, start: int, count: int) -> np.ndarray:
        """[count, K] float32. Raises ObjectNotFound where nobody has computed them yet."""
        key = keys.scores(self._project, spec.key, predictor, start, count)
        return unpack_arrays(_unseal(key, self._store.get(key)))["scores"]

    def has_scores(self, spec: PopulationSpec, predictor: str, start: int, count: int) -> bool:
        """Whether they are there, whole or damaged."""
        return self._store.exists(keys.scores(self._project, spec.key, predictor, start, count))

    def scored(self, spec: PopulationSpec, predictor: str) -> set[tuple[int, int]]:
        """(start, count) of the shards that are there."""
        prefix = keys.scored(self._project, spec.key, predictor)
        return {keys.shard_of(key) for key in self._store.keys(prefix)}

    # ---- methods

    def put_methods(self, methods: Sequence[MethodEntry]) -> None:
        """Publishes what workers can do; the last worker to start has the word."""
        entries = [dataclasses.asdict(m) for m in sorted(methods, key=lambda m: m.name)]
        self._store.put(keys.METHODS, canonical_json(entries))

    def methods(self) -> list[MethodEntry]:
        """In the order of their names; empty before the first worker has started."""
        try:
            entries = json.loads(self._store.get(keys.METHODS))
        except ObjectNotFound:
            return []
        return [MethodEntry(**{**e, "needs": tuple(e["needs"])}) for e in entries]

    # ---- checkpoints

    def put_checkpoint(self, job: str, spec: str, name: str, data: bytes) -> None:
        """A small state of a job, by the job's id, the digest of its specification and a word."""
        self._store.put(keys.checkpoint(self._project, job, spec, name), _seal(data))

    def checkpoint(self, job: str, spec: str, name: str) -> bytes:
        """Raises ObjectNotFound."""
        key = keys.checkpoint(self._project, job, spec, name)
        return _unseal(key, self._store.get(key))

    def checkpoints(self, job: str, spec: str) -> set[str]:
        """The words under which a job has saved something."""
        prefix = keys.checkpoints_of(self._project, job, spec)
        return {key.removeprefix(prefix) for key in self._store.keys(prefix)}

    def drop_checkpoints(self, job: str) -> None:
        """Removes whatever a job has left behind."""
        for key in self._store.keys(keys.checkpoints(self._project, job)):
            self._store.delete(key)


def _seal(data: bytes) -> bytes:
    return sha256(data).encode() + data


def _unseal(key: str, sealed: bytes) -> bytes:
    seal, data = sealed[:_SEAL], sealed[_SEAL:]
    if sha256(data).encode() != seal:
        raise ChecksumMismatch(f"object {key} has changed in the store", key=key)
    return data
