"""Findings travel whole; what is wrong is named by its place in the message."""

import numpy as np
import pytest

from directrix import archive
from directrix.errors import InvalidField
from directrix.types import FindingSet
from directrix.v1 import values_pb2 as pb
from directrix.wire.findings import (
    finding_from_proto,
    finding_set_from_proto,
    finding_set_to_proto,
    finding_to_proto,
    imported_finding_set,
)
from directrix.wire.tensors import tensor_to_proto


def identity(finding) -> object:
    arrays = {role: archive.array_digest(a) for role, a in finding.arrays().items()}
    return finding.kind, dict(finding.settings()), arrays


def test_every_kind_comes_back_the_same(samples):
    for finding in samples.findings():
        message = pb.Finding.FromString(finding_to_proto(finding, "a hint").SerializeToString())
        assert message.hint == "a hint"
        assert identity(finding_from_proto(message)) == identity(finding)


def test_a_finding_set_keeps_its_digest_over_the_wire(samples):
    findings: FindingSet = samples.finding_set()
    message = finding_set_to_proto(findings, "projects/p/findingSets/s")
    again = finding_set_from_proto(message)
    assert message.finding_count == 7
    assert again.provenance == findings.provenance
    assert again.hints == findings.hints
    assert archive.finding_set_digest(again) == message.digest
    assert message.digest == archive.finding_set_digest(findings)


def test_an_import_says_nothing_of_its_origin_but_the_generator(samples):
    message = finding_set_to_proto(samples.finding_set(), "")
    imported = imported_finding_set(message)
    assert imported.provenance.method == "import"
    assert imported.provenance.parameters == {}
    assert imported.provenance.generator == samples.GENERATOR
    assert len(imported) == 7


def direction(**changes) -> pb.Finding:
    vector = tensor_to_proto(np.array([0.6, 0.8], np.float32))
    fields = {"space": pb.SPACE_Z, "vector": vector, "scale": 1.0} | changes
    return pb.Finding(direction=pb.Direction(**fields))


BAD = {
    "finding": pb.Finding(),
    "finding.direction.space": direction(space=pb.SPACE_UNSPECIFIED),
    "finding.direction.scale": direction(scale=float("nan")),
    "finding.direction.vector": direction(vector=tensor_to_proto(np.ones(2, np.float32))),
    "finding.direction.vector.data": direction(
        vector=tensor_to_proto(np.array([np.inf, 0], np.float32))
    ),
    "finding.direction.vector.data_type": direction(vector=tensor_to_proto(np.ones(2, np.int64))),
    "finding.direction.layers[0]": direction(layers=[-1]),
    "finding.direction.layers": direction(layers=[1, 1]),
    "finding.field.form": pb.Finding(field=pb.Field(space=pb.SPACE_Z)),
    "finding.units.layer": pb.Finding(units=pb.Units()),
    "finding.subspace.basis.data_type": pb.Finding(subspace=pb.Subspace(space=pb.SPACE_W)),
    "finding.intervention.space": pb.Finding(intervention=pb.Intervention(space=99)),
}


@pytest.mark.parametrize("place", BAD)
def test_what_is_wrong_is_named_by_its_place(place):
    with pytest.raises(InvalidField) as caught:
        finding_from_proto(BAD[place])
    assert caught.value.field == place
    assert caught.value.metadata == {"field": place}
