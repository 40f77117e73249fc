"""Models: registered, listed, looked at."""

import json
from collections.abc import Mapping

from google.longrunning import operations_pb2

from directrix.client.dialogues.paging import PAGE, everything
from directrix.client.dialogues.recipes import SPACES, one_of
from directrix.client.dialogues.spending import budget_of, estimate_of, priority_of
from directrix.client.names import Names
from directrix.client.steps import Call, Dialogue
from directrix.client.values import Estimate, Model, Priority
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
    budget: Mapping[str, float] | None = None,
    priority: Priority = "normal",
) -> Dialogue[str]:
    """The name of the operation."""
    request = _training(names, generator, model_id, space, embedder, steps)
    request.seed = seed
    request.request_id = request_id
    request.job_budget.CopyFrom(budget_of(budget))
    request.priority = priority_of(priority)
    answer = yield _start(request)
    return str(answer.name)


def foresee(
    names: Names, generator: str, model_id: str, space: str, embedder: str, steps: int
) -> Dialogue[Estimate | None]:
    request = _training(names, generator, model_id, space, embedder, steps)
    request.validate_only = True
    answer = yield _start(request)
    return estimate_of(answer)


def _start(request: pb.TrainEncoderRequest) -> Call:
    return Call(f"{SERVICE}/TrainEncoder", request, operations_pb2.Operation, deadline=30)


def _training(
    names: Names, generator: str, model_id: str, space: str, embedder: str, steps: int
) -> pb.TrainEncoderRequest:
    return pb.TrainEncoderRequest(
        parent=names.parent,
        generator=names.model(generator),
        model_id=model_id,
        space=one_of(SPACES, space, "space") if space else values_pb2.SPACE_UNSPECIFIED,
        embedder=names.model(embedder) if embedder else "",
        steps=steps,
    )


def _model(message: pb.Model) -> Model:
    return Model(
        name=message.name,
        digest=message.digest,
        kind=KINDS.get(message.kind, "unspecified"),
        card=json.loads(message.card_json) if message.card_json else {},
    )
