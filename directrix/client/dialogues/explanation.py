"""Explanations: what would have changed a classifier's mind."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from directrix.client.dialogues.editing import ENCODINGS, picture
from directrix.client.dialogues.recipes import one_of
from directrix.client.names import Names
from directrix.client.steps import Call, Dialogue
from directrix.client.values import Explanation, ScoreChange
from directrix.v1 import explanation_service_pb2 as pb
from directrix.v1 import values_pb2
from directrix.wire.tensors import tensor_to_proto

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
    explainer: str,
    hold: Sequence[tuple[str, str, float]],
    region: np.ndarray | None,
    alternatives: int,
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
        explainer=explainer,
        hold=[
            pb.ExplainImageRequest.Hold(
                predictor=names.model(predictor), scorer=scorer, tolerance_sd=tolerance
            )
            for predictor, scorer, tolerance in hold
        ],
        region=None if region is None else tensor_to_proto(region.astype(np.float32)),
        alternatives=alternatives,
    )
    answer = yield Call(RPC, request, pb.ExplainImageResponse, deadline=120)
    return _explanation(answer, answer.original)


def _explanation(message: pb.ExplainImageResponse, original: values_pb2.Image) -> Explanation:
    from directrix.types import CurvePoint, MovedFinding
    from directrix.wire.counterfactuals import STATUSES

    absent: dict[str, Any] = {
        name: getattr(message, name) if message.HasField(name) else None
        for name in ("oracle_agrees", "reconstruction_error", "reconstruction_label_kept")
    }
    same = (
        "cause source_class target_class margin_before margin_after probability_before "
        "probability_after distance_sd pixel_l1 generator_calls classifier_calls sentence"
    )
    return Explanation(
        status=STATUSES[message.status],
        original=picture(original),
        image=picture(message.image),
        recipe=message.recipe,
        moved=tuple(
            MovedFinding(m.index, m.alpha, m.contribution if m.HasField("contribution") else None)
            for m in message.moved
        ),
        changes=tuple(
            ScoreChange(c.predictor, c.scorer, c.before, c.after, c.change_sd)
            for c in message.changes
        ),
        alternatives=tuple(_explanation(other, original) for other in message.alternatives),
        curve=tuple(CurvePoint(p.distance_sd, p.margin) for p in message.curve),
        **{name: getattr(message, name) for name in same.split()},
        **absent,
    )
