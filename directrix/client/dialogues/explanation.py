"""Explanations: what would have changed a classifier's mind."""

from collections.abc import Sequence
from typing import Any

from directrix.client.dialogues.editing import ENCODINGS, picture
from directrix.client.dialogues.recipes import one_of
from directrix.client.names import Names
from directrix.client.steps import Call, Dialogue
from directrix.client.values import Explanation
from directrix.v1 import explanation_service_pb2 as pb
from directrix.v1 import values_pb2

RPC = "/directrix.v1.ExplanationService/ExplainImage"


def explain(
    names: Names,
    recipe: values_pb2.Recipe,
    classifier: str,
    finding_set: str,
    target: str,
    target_probability: float,
    max_alpha: float,
    allowed: Sequence[int],
    oracle: str,
    budget: int,
    encoding: str,
) -> Dialogue[Explanation]:
    request = pb.ExplainImageRequest(
        recipe=recipe,
        classifier=names.model(classifier),
        finding_set=names.finding_set(finding_set),
        target=target,
        target_probability=target_probability,
        max_alpha=max_alpha,
        allowed=allowed,
        oracle=names.model(oracle) if oracle else "",
        budget=budget,
        encoding=one_of(ENCODINGS, encoding, "encoding"),
    )
    answer = yield Call(RPC, request, pb.ExplainImageResponse, deadline=120)
    return _explanation(answer)


def _explanation(message: pb.ExplainImageResponse) -> Explanation:
    from directrix.types import CurvePoint, MovedFinding
    from directrix.wire.counterfactuals import STATUSES

    absent: dict[str, Any] = {
        name: getattr(message, name) if message.HasField(name) else None
        for name in ("oracle_agrees", "reconstruction_error", "reconstruction_label_kept")
    }
    same = (
        "cause source_class target_class margin_before margin_after probability_before "
        "probability_after distance_sd pixel_l1 generator_calls classifier_calls"
    )
    return Explanation(
        status=STATUSES[message.status],
        original=picture(message.original),
        image=picture(message.image),
        recipe=message.recipe,
        moved=tuple(MovedFinding(m.index, m.alpha) for m in message.moved),
        curve=tuple(CurvePoint(p.distance_sd, p.margin) for p in message.curve),
        **{name: getattr(message, name) for name in same.split()},
        **absent,
    )
