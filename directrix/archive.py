"""Values <-> bytes: safetensors for arrays, canonical JSON for the rest; never pickle.

A digest is the sha256 of sorted arrays (name, dtype, shape, bytes) and canonical JSON. Names,
times and prose do not count.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from pydantic import TypeAdapter, ValidationError

from directrix.errors import ArchiveInvalid, DirectrixError, ModelInvalid
from directrix.types import (
    PROSE,
    ArrayEntry,
    Direction,
    Field,
    FieldForm,
    Finding,
    FindingEntry,
    FindingKind,
    FindingSet,
    Intervention,
    Manifest,
    ModelCard,
    Operation,
    Space,
    Subspace,
    Units,
)

Arrays = Mapping[str, np.ndarray]


def canonical_json(value: object) -> bytes:
    """The one spelling of a JSON value: sorted keys, no spaces, UTF-8, no NaN, 1.0 as 1."""
    text = json.dumps(
        _spelled(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def _spelled(value: object) -> object:
    """JSON has one kind of number, and a protobuf Struct doubles only: whole ones are integers."""
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def array_digest(array: np.ndarray) -> str:
    """sha256 over dtype, shape and little-endian C-order bytes."""
    array = np.ascontiguousarray(array)
    head = canonical_json([array.dtype.newbyteorder("<").str, list(array.shape)])
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return sha256(head + b"\0" + little.tobytes())


def image_digest(image: np.ndarray) -> str:
    """sha256 of uint8 [H, W, C] pixels with their shape."""
    if image.dtype != np.uint8 or image.ndim != 3:
        raise ArchiveInvalid("an image's digest is of uint8 H x W x C pixels")
    return array_digest(image)


def to_pixels(images: np.ndarray) -> np.ndarray:
    """float [N, C, H, W] -> uint8 [N, H, W, C]: clamp to [-1, 1], (x + 1) 127.5, half to even."""
    scaled = np.rint((np.clip(images, -1.0, 1.0) + 1.0) * 127.5)
    return np.ascontiguousarray(scaled.astype(np.uint8).transpose(0, 2, 3, 1))


def pack_arrays(arrays: Arrays) -> bytes:
    """Arrays by name as a safetensors file; the same arrays give the same bytes."""
    # Not ascontiguousarray: it would give an array without axes one.
    ordered = {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}
    return safetensors.numpy.save(ordered)


def unpack_arrays(data: bytes) -> dict[str, np.ndarray]:
    """Raises ArchiveInvalid where `data` is no safetensors file."""
    try:
        return dict(safetensors.numpy.load(data))
    except Exception as error:  # the reader raises many kinds, none of them ours
        raise ArchiveInvalid("not a safetensors file, or a damaged one") from error


def model_digest(card: ModelCard, tensors: Arrays) -> str:
    """The identity of a model: its tensors and the functional part of its card."""
    functional = card.model_dump(mode="json", exclude=PROSE)
    entries = {name: array_digest(tensors[name]) for name in tensors}
    return sha256(canonical_json([functional, entries]))


def read_card(card_json: str | bytes) -> ModelCard:
    """Raises ModelInvalid, naming the first field that is wrong."""
    try:
        return TypeAdapter(ModelCard).validate_json(card_json)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the JSON itself"
        raise ModelInvalid(f"the model card is wrong at {place}: {first['msg']}") from error


def unpack_model(card_json: str | bytes, tensors: bytes) -> tuple[ModelCard, dict[str, np.ndarray]]:
    """A card with its digest filled in, and its arrays; ModelInvalid where they do not agree."""
    card = read_card(card_json)
    try:
        arrays = unpack_arrays(tensors)
    except ArchiveInvalid as error:
        raise ModelInvalid(f"the tensors are {error.message}") from error
    if any(not np.isfinite(a).all() for a in arrays.values() if a.dtype.kind == "f"):
        raise ModelInvalid("the tensors hold values that are not finite")
    digest = model_digest(card, arrays)
    if card.digest not in ("", digest):
        raise ModelInvalid(f"the card says digest {card.digest}, the tensors give {digest}")
    return card.model_copy(update={"digest": digest}), arrays


def finding_set_digest(findings: FindingSet) -> str:
    """Covers findings and provenance but for library versions and hints."""
    provenance = findings.provenance.model_dump(mode="json", exclude={"libraries"})
    entries = [_identity(finding) for finding in findings.findings]
    return sha256(canonical_json([provenance, entries]))


def pack_finding_set(findings: FindingSet) -> tuple[Manifest, bytes]:
    """The manifest and the safetensors file it points to."""
    arrays = {
        f"{i}.{role}": array
        for i, finding in enumerate(findings.findings)
        for role, array in finding.arrays().items()
    }
    tensors = pack_arrays(arrays)
    hints = findings.hints or ("",) * len(findings)
    entries = tuple(
        FindingEntry(
            kind=finding.kind,
            settings=dict[str, Any](finding.settings()),
            arrays={role: _entry(array) for role, array in finding.arrays().items()},
            hint=hint,
        )
        for finding, hint in zip(findings.findings, hints, strict=True)
    )
    manifest = Manifest(
        digest=finding_set_digest(findings),
        provenance=findings.provenance,
        findings=entries,
        tensors=sha256(tensors),
    )
    return manifest, tensors


def unpack_finding_set(manifest: Manifest, tensors: bytes) -> FindingSet:
    """Raises ArchiveInvalid where tensors and manifest do not belong together."""
    if sha256(tensors) != manifest.tensors:
        raise ArchiveInvalid("the tensors are not the ones that the manifest names")
    arrays = unpack_arrays(tensors)
    findings = FindingSet(
        findings=tuple(_unpack(entry, str(i), arrays) for i, entry in enumerate(manifest.findings)),
        provenance=manifest.provenance,
        hints=tuple(entry.hint for entry in manifest.findings),
    )
    if finding_set_digest(findings) != manifest.digest:
        raise ArchiveInvalid("the findings do not have the digest that the manifest names")
    return findings


def _unpack(entry: FindingEntry, place: str, arrays: Arrays) -> Finding:
    try:
        kind = FindingKind(entry.kind)
        own = {role: arrays[f"{place}.{role}"] for role in entry.arrays}
    except (KeyError, ValueError) as error:
        raise ArchiveInvalid(f"finding {place} is of no kind, or lacks an array") from error
    return build_finding(kind, entry.settings, own)


def build_finding(kind: FindingKind, settings: Mapping[str, object], arrays: Arrays) -> Finding:
    """A finding from its settings and arrays by role: the inverse of its two methods."""
    try:
        return _build(kind, dict(settings), dict(arrays))
    except DirectrixError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveInvalid(f"a {kind} cannot be made of these settings and arrays") from error


def _build(kind: FindingKind, settings: dict[str, Any], arrays: dict[str, Any]) -> Finding:
    if "layers" in settings:
        settings["layers"] = tuple(int(layer) for layer in settings["layers"])
    if "space" in settings:
        settings["space"] = Space(settings["space"])
    match kind:
        case FindingKind.DIRECTION:
            return Direction(**settings, **arrays)
        case FindingKind.SUBSPACE:
            return Subspace(**settings, **arrays)
        case FindingKind.FIELD:
            settings["form"] = FieldForm(settings["form"])
            return Field(**settings, parameters=arrays)
        case FindingKind.UNITS:
            return Units(**settings, **arrays)
        case FindingKind.INTERVENTION:
            settings["operation"] = Operation(settings["operation"])
            return Intervention(**settings, **arrays)


def _identity(finding: Finding) -> object:
    arrays = {role: array_digest(array) for role, array in finding.arrays().items()}
    return [finding.kind, dict(finding.settings()), arrays]


def _entry(array: np.ndarray) -> ArrayEntry:
    return ArrayEntry(digest=array_digest(array), dtype=array.dtype.name, shape=tuple(array.shape))
