"""Models: registered, listed, looked at."""

import json

from google.longrunning import operations_pb2

from directrix.client.dialogues.paging import PAGE, everything
from directrix.client.dialogues.recipes import SPACES, one_of
from directrix.client.names import Names
from directrix.client.steps import Call, Dialogue
from directrix.client.values import Model
from directrix.v1 import model_service_pb2 as pb
from directrix.v1 import values_pb2

SERVICE = "/directrix.v1.ModelService"
KINDS = {
    pb.Model.KIND_GENERATOR: "generator",
    pb.Model.KIND_PREDICTOR: "predictor",
    pb.Model.KIND_ENCODER: "encoder",
}


def register(names: Names, model_id: str, card_json: str, tensors: bytes) -> Dialogue[Model]:
    request = pb.CreateModelRequest(
        parent=names.parent, model_id=model_id, card_json=card_json, tensors=tensors
    )
    answer = yield Call(f"{SERVICE}/CreateModel", request, pb.Model, deadline=120)
    return _model(answer)


def get(names: Names, model: str) -> Dialogue[Model]:
    request = pb.GetModelRequest(name=names.model(model))
    answer = yield Call(f"{SERVICE}/GetModel", request, pb.Model, deadline=15)
    return _model(answer)


def models(names: Names) -> Dialogue[list[Model]]:
    def page(token: str) -> Call:
        request = pb.ListModelsRequest(parent=names.parent, page_size=PAGE, page_token=token)
        return Call(f"{SERVICE}/ListModels", request, pb.ListModelsResponse, deadline=15)

    return (yield from everything(page, lambda answer: map(_model, answer.models)))


def train_encoder(
    names: Names,
    generator: str,
    model_id: str,
    space: str,
    embedder: str,
    steps: int,
    seed: int,
    request_id: str,
) -> Dialogue[str]:
    """The name of the operation."""
    request = pb.TrainEncoderRequest(
        parent=names.parent,
        generator=names.model(generator),
        model_id=model_id,
        space=one_of(SPACES, space, "space") if space else values_pb2.SPACE_UNSPECIFIED,
        embedder=names.model(embedder) if embedder else "",
        steps=steps,
        seed=seed,
        request_id=request_id,
    )
    answer = yield Call(f"{SERVICE}/TrainEncoder", request, operations_pb2.Operation, deadline=30)
    return str(answer.name)


def _model(message: pb.Model) -> Model:
    return Model(
        name=message.name,
        digest=message.digest,
        kind=KINDS.get(message.kind, "unspecified"),
        card=json.loads(message.card_json) if message.card_json else {},
    )
