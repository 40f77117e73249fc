"""Values and their bytes: what digests cover, that the archive gives back what it was given."""

import numpy as np
import pytest

from directrix import archive
from directrix.errors import ArchiveInvalid, ModelInvalid
from directrix.generators import linear
from directrix.types import FindingSet, ImageCard, Manifest
from tests.unit.wire import samples

SET_DIGEST = "0b403e2aaba8821bed922bc62d127150e903d77681b48b8495598d3faec7a829"
MODEL_DIGEST = "ff08603ff71edddffcc467e1e67f8562b9033699a40b0e70b779e10a95da9159"


def model() -> tuple[object, dict[str, np.ndarray]]:
    arrays = {"A": np.arange(8, dtype=np.float32).reshape(4, 2)}
    return linear.card("toy", ImageCard(channels=1, height=2, width=2), z_dim=2), arrays


def changed(**fields: object) -> FindingSet:
    """The sample with other fields of its provenance."""
    made = samples.finding_set()
    return FindingSet(made.findings, made.provenance.model_copy(update=fields), made.hints)


def test_every_kind_survives_manifest_and_tensors() -> None:
    made = samples.finding_set()
    manifest, tensors = archive.pack_finding_set(made)
    read = Manifest.model_validate_json(manifest.model_dump_json())
    again = archive.unpack_finding_set(read, tensors)
    assert {finding.kind for finding in again.findings} == {
        "direction", "subspace", "field", "units", "intervention",
    }  # fmt: skip
    for one, other in zip(made.findings, again.findings, strict=True):
        assert one.kind is other.kind
        assert dict(one.settings()) == dict(other.settings())
        for role, array in one.arrays().items():
            np.testing.assert_array_equal(other.arrays()[role], array)
    assert (again.provenance, again.hints) == (made.provenance, made.hints)
    assert archive.pack_finding_set(again) == (manifest, tensors)


def test_digests_are_those_of_before() -> None:
    """What is stored is found by these: they never change."""
    assert archive.finding_set_digest(samples.finding_set()) == SET_DIGEST
    assert archive.model_digest(*model()) == MODEL_DIGEST


def test_hints_and_libraries_do_not_count() -> None:
    made = samples.finding_set()
    assert archive.finding_set_digest(changed(libraries={"numpy": "3"})) == SET_DIGEST
    assert archive.finding_set_digest(FindingSet(made.findings, made.provenance)) == SET_DIGEST


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "other"}, {"version": "2"}, {"parameters": {}}, {"seed": 1},
        {"generator": "f" * 64}, {"predictors": ()}, {"population": ""},
    ],
    ids=lambda fields: next(iter(fields)),
)  # fmt: skip
def test_the_rest_of_the_origin_counts(fields: dict[str, object]) -> None:
    assert archive.finding_set_digest(changed(**fields)) != SET_DIGEST


def test_the_order_and_every_entry_of_findings_count() -> None:
    made = samples.finding_set()
    turned = FindingSet(made.findings[::-1], made.provenance, made.hints)
    assert archive.finding_set_digest(turned) != SET_DIGEST


def test_two_models_that_differ_in_prose_are_one() -> None:
    card, arrays = model()
    prose = {"name": "other", "title": "Other", "notes": "x", "licence": "MIT"}
    assert archive.model_digest(card.model_copy(update=prose), arrays) == MODEL_DIGEST
    assert archive.model_digest(card.model_copy(update={"truncation": 0.5}), arrays) != MODEL_DIGEST
    touched = {"A": arrays["A"] + np.float32(1e-6)}
    assert archive.model_digest(card, touched) != MODEL_DIGEST


def test_an_arrays_digest_is_of_values_type_and_shape_not_of_their_layout() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    digest = archive.array_digest(array)
    assert archive.array_digest(np.asfortranarray(array)) == digest
    assert archive.array_digest(array.astype(">f4")) == digest
    others = (array.reshape(3, 2), array.astype(np.float64), array.astype(np.int32))
    assert digest not in {archive.array_digest(other) for other in others}


def test_json_has_one_spelling() -> None:
    value = {"b": [1.0, 0.5, True, None], "a": "é", "c": -0.0}
    assert archive.canonical_json(value) == '{"a":"é","b":[1,0.5,true,null],"c":0}'.encode()
    with pytest.raises(ValueError, match="JSON compliant"):
        archive.canonical_json(float("nan"))


def test_pixels_are_clamped_and_halves_go_to_even() -> None:
    ends = archive.to_pixels(np.array([-9.0, -1.0, 0.0, 1.0, 9.0])[None, None, None])
    assert ends.shape == (1, 1, 5, 1)
    assert ends.ravel().tolist() == [0, 0, 128, 255, 255]
    tried = (np.arange(255) + 0.5) / 127.5 - 1
    halves = tried[(tried + 1) * 127.5 == np.arange(255) + 0.5]  # not all can be represented
    assert len(halves) > 50
    assert (archive.to_pixels(halves[None, None, None]) % 2 == 0).all()


def test_the_digest_of_an_image_is_of_its_bytes() -> None:
    image = np.zeros((2, 3, 1), np.uint8)
    assert archive.image_digest(image) != archive.image_digest(image.reshape(3, 2, 1))
    for wrong in (image[0], image.astype(np.float32)):
        with pytest.raises(ArchiveInvalid):
            archive.image_digest(wrong)


def test_what_is_damaged_is_refused() -> None:
    manifest, tensors = archive.pack_finding_set(samples.finding_set())
    entries = manifest.findings
    kind = entries[0].model_copy(update={"kind": "teapot"})
    role = entries[0].model_copy(update={"arrays": {"nose": entries[0].arrays["vector"]}})
    setting = entries[0].model_copy(update={"settings": {"space": "q"}})
    longer = entries[0].model_copy(update={"settings": {"space": "z", "scale": 2.0, "layers": []}})
    for first in (kind, role, setting, longer):
        wrong = manifest.model_copy(update={"findings": (first, *entries[1:])})
        with pytest.raises(ArchiveInvalid):
            archive.unpack_finding_set(wrong, tensors)
    for data in (tensors[:-1], tensors + b"\0", b""):
        with pytest.raises(ArchiveInvalid, match="not the ones"):
            archive.unpack_finding_set(manifest, data)


def test_models_are_checked_as_they_are_read() -> None:
    card, arrays = model()
    data = archive.pack_arrays(arrays)
    read, tensors = archive.unpack_model(card.model_dump_json(), data)
    assert read.digest == MODEL_DIGEST
    np.testing.assert_array_equal(tensors["A"], arrays["A"])
    endless = archive.pack_arrays({"A": np.full(3, np.inf, np.float32)})
    other = card.model_copy(update={"digest": "0" * 64}).model_dump_json()
    for text, tensor_bytes in (
        (card.model_dump_json(), endless), (card.model_dump_json(), data[:-1]), (other, data),
        ('{"kind": "teapot"}', data),
    ):  # fmt: skip
        with pytest.raises(ModelInvalid):
            archive.unpack_model(text, tensor_bytes)
