"""Manifests: the JSON that makes stored objects one artifact. Readers go through manifests only."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from directrix.types.finding_set import Provenance


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArrayEntry(_Value):
    """One array of the tensor file, with the digest of its dtype, shape and bytes."""

    digest: str
    dtype: str
    shape: tuple[int, ...]


class FindingEntry(_Value):
    """One finding: its kind, its settings and its arrays by role ("vector", "basis", ...)."""

    kind: str
    settings: dict[str, JsonValue]
    arrays: dict[str, ArrayEntry]
    hint: str = ""


class Manifest(_Value):
    """A finding set without its tensors. `digest` covers findings and provenance."""

    format: Literal["directrix.finding-set/1"] = "directrix.finding-set/1"
    digest: str
    provenance: Provenance
    findings: tuple[FindingEntry, ...]
    tensors: str
    """sha256 of the safetensors file that holds the arrays as "<index>.<role>"."""

    @property
    def places(self) -> tuple[str, ...]:
        """Where its findings act: spaces, or names of layers, sorted."""
        found = {e.settings.get("space") or e.settings.get("layer") for e in self.findings}
        return tuple(sorted(str(place) for place in found))
