"""Explanations: what would have changed a classifier's mind."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from directrix.client.dialogues.editing import ENCODINGS, picture
from directrix.client.dialogues.recipes import RecipeFields, one_of
from directrix.client.names import Names
from directrix.client.steps import Call, Dialogue
from directrix.client.values import Explanation, ExplanationProgress, ScoreChange
from directrix.v1 import explanation_service_pb2 as pb
from directrix.v1 import values_pb2
from directrix.wire.tensors import tensor_to_proto

RPC = "/directrix.v1.ExplanationService/ExplainImage"
STREAM = "/directrix.v1.ExplanationService/StreamExplanation"
DEADLINE = 120.0
BEGUN_AGAIN = 4


class ExplanationFields(RecipeFields, total=False):
    """What may be asked of an explanation; what is not said is the service's default.

    target: the class to reach, any other where empty. target_probability: to be reached as well.
    max_alpha: farthest along one finding. allowed: findings that may be moved. oracle: an
    independent classifier to ask about the answer. frozen: findings that may not be moved. budget:
    images. seconds: how long may be searched. encoding: how pictures travel.
    explainer: "sparse", "bisection" or "descent" move findings, "channels", "gradient",
    "gradient_w_plus", "attfind" or "latent_descent" the latent. hold: (predictor, scorer or "" for
    all, tolerance in SD) that must not change. region: [H, W] in [0, 1], inside which findings
    act. alternatives: further answers, each by other findings. Beside them the fields of a recipe.
    """

    target: str
    target_probability: float
    max_alpha: float
    allowed: Sequence[int]
    oracle: str
    budget: int
    seconds: float
    frozen: Sequence[int]
    encoding: str
    explainer: str
    hold: Sequence[tuple[str, str, float]]
    region: np.ndarray | None
    alternatives: int


OWN = ExplanationFields.__annotations__.keys() - RecipeFields.__annotations__.keys()


def recipe_fields(fields: ExplanationFields) -> RecipeFields:
    """Those of a recipe alone."""
    return cast(RecipeFields, {name: v for name, v in fields.items() if name not in OWN})


def request_of(
    names: Names,
    recipe: values_pb2.Recipe,
    classifier: str,
    finding_set: str,
    fields: ExplanationFields,
) -> pb.ExplainImageRequest:
    region, oracle = fields.get("region"), fields.get("oracle")
    return pb.ExplainImageRequest(
        recipe=recipe,
        classifier=names.model(classifier),
        finding_set=names.finding_set(finding_set) if finding_set else "",
        target=fields.get("target", ""),
        target_probability=fields.get("target_probability", 0.0),
        max_alpha=fields.get("max_alpha", 0.0),
        allowed=fields.get("allowed", ()),
        oracle=names.model(oracle) if oracle else "",
        budget=fields.get("budget", 0),
        seconds=fields.get("seconds", 0.0),
        frozen=fields.get("frozen", ()),
        encoding=one_of(ENCODINGS, fields.get("encoding", "png"), "encoding"),
        explainer=fields.get("explainer", ""),
        hold=[
            pb.ExplainImageRequest.Hold(
                predictor=names.model(predictor), scorer=scorer, tolerance_sd=tolerance
            )
            for predictor, scorer, tolerance in fields.get("hold", ())
        ],
        region=None if region is None else tensor_to_proto(region.astype(np.float32)),
        alternatives=fields.get("alternatives", 0),
    )


def explain(request: pb.ExplainImageRequest) -> Dialogue[Explanation]:
    answer = yield Call(RPC, request, pb.ExplainImageResponse, deadline=DEADLINE)
    return _explanation(answer, answer.original)


def listening(request: pb.ExplainImageRequest) -> Call:
    """The call whose answers are progress, then the explanation: progress may be told twice."""
    asked = pb.StreamExplanationRequest(explanation=request)
    return Call(STREAM, asked, pb.StreamExplanationResponse, DEADLINE, begun_again=BEGUN_AGAIN)


def event(message: pb.StreamExplanationResponse) -> ExplanationProgress | Explanation:
    """One message of a stream."""
    if message.HasField("answer"):
        return _explanation(message.answer, message.answer.original)
    told = message.progress
    image = picture(told.image) if told.HasField("image") else None
    return ExplanationProgress(told.images, told.margin, told.probability, told.reached, image)


def _explanation(message: pb.ExplainImageResponse, original: values_pb2.Image) -> Explanation:
    from directrix.types import CurvePoint
    from directrix.wire.counterfactuals import ABSENT, STATUSES, moved_from_proto

    told: Any = message
    absent: dict[str, Any] = {
        name: getattr(told, name) if told.HasField(name) else None
        for name in (*ABSENT, "attribute_dependency_mean", "attribute_dependency_max")
    }
    same = (
        "cause source_class target_class margin_before margin_after probability_before "
        "probability_after distance_sd pixel_l1 generator_calls classifier_calls sentence "
        "views"
    )
    return Explanation(
        status=STATUSES[message.status],
        original=picture(original),
        image=picture(message.image),
        difference=picture(message.difference),
        recipe=message.recipe,
        moved=tuple(map(moved_from_proto, message.moved)),
        changes=tuple(
            ScoreChange(c.predictor, c.scorer, c.before, c.after, c.change_sd)
            for c in message.changes
        ),
        alternatives=tuple(_explanation(other, original) for other in message.alternatives),
        curve=tuple(CurvePoint(p.distance_sd, p.margin) for p in message.curve),
        **{name: getattr(message, name) for name in same.split()},
        **absent,
    )
