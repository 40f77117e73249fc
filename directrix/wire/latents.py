"""Latents and the enums that go with them."""

import numpy as np

from directrix.errors import InvalidField
from directrix.inference.v1 import inference_service_pb2 as inference
from directrix.types import Form, Latent, Space
from directrix.v1 import values_pb2 as pb
from directrix.wire.fields import located, member, number_of
from directrix.wire.tensors import tensor_from_proto, tensor_to_proto

SPACES: dict[int, Space] = {
    pb.SPACE_Z: Space.Z,
    pb.SPACE_W: Space.W,
    pb.SPACE_W_PLUS: Space.W_PLUS,
    pb.SPACE_S: Space.S,
}
FORMS: dict[int, Form] = {pb.FORM_RESULT: Form.RESULT, pb.FORM_PREVIEW: Form.PREVIEW}


def space_from_proto(number: int, path: str = "space", default: Space | None = None) -> Space:
    """`default` stands for an unset space; without one that is an InvalidField."""
    if number == pb.SPACE_UNSPECIFIED and default is not None:
        return default
    return member(SPACES, number, path)


def space_to_proto(space: Space) -> int:
    return number_of(SPACES, space)


def form_from_proto(number: int, default: Form = Form.RESULT, path: str = "form") -> Form:
    return default if number == pb.FORM_UNSPECIFIED else member(FORMS, number, path)


def form_to_proto(form: Form) -> int:
    return number_of(FORMS, form)


def latent_from_proto(message: pb.Latent, path: str = "latent") -> Latent:
    """One latent, as a batch of one row."""
    space = space_from_proto(message.space, f"{path}.space")
    axes = 2 if space is Space.W_PLUS else 1
    values = tensor_from_proto(message.values, f"{path}.values", axes=axes)
    if not message.generator_digest:
        raise InvalidField(
            f"{path} does not say which generator it belongs to",
            field=f"{path}.generator_digest",
        )
    with located(path):
        return Latent(space, message.generator_digest, values[np.newaxis])


def latent_to_proto(latent: Latent, row: int = 0) -> pb.Latent:
    """One row of a batch."""
    return pb.Latent(
        space=space_to_proto(latent.space),
        generator_digest=latent.generator,
        values=tensor_to_proto(latent.values[row]),
    )


def latents_to_proto(latent: Latent) -> list[pb.Latent]:
    """Every row of a batch."""
    return [latent_to_proto(latent, row) for row in range(len(latent))]


def latent_batch_from_proto(
    message: inference.LatentBatch, generator: str, path: str = "latents"
) -> Latent:
    """A batch of the internal service; `generator` is the digest that the request names."""
    space = space_from_proto(message.space, f"{path}.space")
    axes = 3 if space is Space.W_PLUS else 2
    values = tensor_from_proto(message.values, f"{path}.values", axes=axes)
    with located(path):
        return Latent(space, generator, values)


def latent_batch_to_proto(latent: Latent) -> inference.LatentBatch:
    return inference.LatentBatch(
        space=space_to_proto(latent.space), values=tensor_to_proto(latent.values)
    )
