"""Findings of all five kinds, and finding sets with where they come from."""

import json

from google.protobuf.json_format import MessageToDict
from pydantic import JsonValue

from directrix import archive
from directrix.errors import InvalidField
from directrix.types import (
    Direction,
    Field,
    FieldForm,
    Finding,
    FindingSet,
    Intervention,
    Operation,
    Provenance,
    Subspace,
    Units,
)
from directrix.v1 import finding_service_pb2 as service
from directrix.v1 import values_pb2 as pb
from directrix.wire.fields import finite, layers, located, member, number_of, within
from directrix.wire.latents import space_from_proto, space_to_proto
from directrix.wire.tensors import tensor_from_proto, tensor_to_proto

IMPORTED = "import"
"""The method of findings that were made elsewhere."""

FIELD_FORMS: dict[int, FieldForm] = {
    pb.Field.FORM_MLP: FieldForm.MLP,
    pb.Field.FORM_RBF: FieldForm.RBF,
}
OPERATIONS: dict[int, Operation] = {
    pb.Intervention.OPERATION_SET: Operation.SET,
    pb.Intervention.OPERATION_ADD: Operation.ADD,
    pb.Intervention.OPERATION_SCALE: Operation.SCALE,
}


def finding_from_proto(message: pb.Finding, path: str = "finding") -> Finding:
    """Raises InvalidField with the path of what is wrong. The hint is not part of the value."""
    kind = message.WhichOneof("kind")
    if kind is None:
        raise InvalidField(f"{path} is of no kind", field=path)
    place = f"{path}.{kind}"
    with located(place):
        match kind:
            case "direction":
                return _direction(message.direction, place)
            case "subspace":
                return _subspace(message.subspace, place)
            case "field":
                return _field(message.field, place)
            case "units":
                return _units(message.units, place)
            case _:
                return _intervention(message.intervention, place)


def _direction(message: pb.Direction, path: str) -> Direction:
    return Direction(
        space=space_from_proto(message.space, f"{path}.space"),
        vector=tensor_from_proto(message.vector, f"{path}.vector"),
        scale=finite(message.scale, f"{path}.scale"),
        layers=layers(message.layers, f"{path}.layers"),
    )


def _subspace(message: pb.Subspace, path: str) -> Subspace:
    return Subspace(
        space=space_from_proto(message.space, f"{path}.space"),
        basis=tensor_from_proto(message.basis, f"{path}.basis", axes=2),
        scales=tensor_from_proto(message.scales, f"{path}.scales", axes=1),
        layers=layers(message.layers, f"{path}.layers"),
    )


def _field(message: pb.Field, path: str) -> Field:
    return Field(
        space=space_from_proto(message.space, f"{path}.space"),
        form=member(FIELD_FORMS, message.form, f"{path}.form"),
        parameters={
            name: tensor_from_proto(tensor, f"{path}.parameters[{name}]")
            for name, tensor in message.parameters.items()
        },
        scale=finite(message.scale, f"{path}.scale"),
        steps=within(message.steps, 1, 1000, f"{path}.steps"),
        layers=layers(message.layers, f"{path}.layers"),
    )


def _units(message: pb.Units, path: str) -> Units:
    if not message.layer:
        raise InvalidField(f"{path} names no layer", field=f"{path}.layer")
    return Units(
        layer=message.layer,
        channels=tensor_from_proto(message.channels, f"{path}.channels", "int64", axes=1),
        targets=tensor_from_proto(message.targets, f"{path}.targets", axes=1),
    )


def _intervention(message: pb.Intervention, path: str) -> Intervention:
    return Intervention(
        space=space_from_proto(message.space, f"{path}.space"),
        coordinates=tensor_from_proto(message.coordinates, f"{path}.coordinates", "int64", axes=1),
        values=tensor_from_proto(message.values, f"{path}.values", axes=1),
        operation=member(OPERATIONS, message.operation, f"{path}.operation"),
    )


def finding_to_proto(finding: Finding, hint: str = "") -> pb.Finding:
    arrays = {role: tensor_to_proto(array) for role, array in finding.arrays().items()}
    match finding:
        case Direction():
            where = {"space": space_to_proto(finding.space), "layers": finding.layers}
            direction = pb.Direction(scale=finding.scale, **where, **arrays)
            return pb.Finding(direction=direction, hint=hint)
        case Subspace():
            where = {"space": space_to_proto(finding.space), "layers": finding.layers}
            return pb.Finding(subspace=pb.Subspace(**where, **arrays), hint=hint)
        case Field():
            field = pb.Field(
                space=space_to_proto(finding.space),
                form=number_of(FIELD_FORMS, finding.form),
                parameters=arrays,
                scale=finding.scale,
                steps=finding.steps,
                layers=finding.layers,
            )
            return pb.Finding(field=field, hint=hint)
        case Units():
            return pb.Finding(units=pb.Units(layer=finding.layer, **arrays), hint=hint)
        case Intervention():
            intervention = pb.Intervention(
                space=space_to_proto(finding.space),
                operation=number_of(OPERATIONS, finding.operation),
                **arrays,
            )
            return pb.Finding(intervention=intervention, hint=hint)


def finding_set_to_proto(findings: FindingSet, name: str, digest: str = "") -> service.FindingSet:
    """With arrays. digest: the set's, where the caller knows it; else it is computed."""
    message = provenance_to_proto(findings.provenance)
    message.name = name
    message.digest = digest or archive.finding_set_digest(findings)
    message.finding_count = len(findings)
    hints = findings.hints or ("",) * len(findings)
    for finding, hint in zip(findings.findings, hints, strict=True):
        message.findings.append(finding_to_proto(finding, hint))
    return message


def provenance_to_proto(provenance: Provenance) -> service.FindingSet:
    """A finding set in basic view but for name, digest and count."""
    message = service.FindingSet(
        method=provenance.method,
        method_version=provenance.version,
        seed=provenance.seed,
        generator_digest=provenance.generator,
        predictor_digests=provenance.predictors,
        population_key=provenance.population,
        libraries=provenance.libraries,
    )
    message.parameters.update(provenance.parameters)
    return message


def finding_set_from_proto(message: service.FindingSet, path: str = "finding_set") -> FindingSet:
    """A full view as a value, with the provenance that the message states."""
    return _finding_set(message, provenance_from_proto(message), path)


def provenance_from_proto(message: service.FindingSet) -> Provenance:
    """Where a finding set comes from, of a basic view too."""
    return Provenance(
        method=message.method,
        version=message.method_version,
        parameters=_parameters(message),
        seed=message.seed,
        generator=message.generator_digest,
        predictors=tuple(message.predictor_digests),
        population=message.population_key,
        libraries=dict(message.libraries),
    )


def imported_finding_set(message: service.FindingSet, path: str = "finding_set") -> FindingSet:
    """Findings made elsewhere: only the findings and their generator are the caller's to say."""
    provenance = Provenance(method=IMPORTED, version="1", generator=message.generator_digest)
    return _finding_set(message, provenance, path)


def _finding_set(message: service.FindingSet, provenance: Provenance, path: str) -> FindingSet:
    if not message.findings:
        raise InvalidField(f"{path} holds no findings", field=f"{path}.findings")
    return FindingSet(
        findings=tuple(
            finding_from_proto(finding, f"{path}.findings[{i}]")
            for i, finding in enumerate(message.findings)
        ),
        provenance=provenance,
        hints=tuple(finding.hint for finding in message.findings),
    )


def _parameters(message: service.FindingSet) -> dict[str, JsonValue]:
    """A Struct knows only doubles: whole numbers come back as integers."""
    text = json.dumps(MessageToDict(message.parameters))
    return json.loads(text, parse_float=_number)


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value
