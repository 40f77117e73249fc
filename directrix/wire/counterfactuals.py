"""Counterfactuals as answers of the explanation service."""

from directrix.types import Counterfactual, MovedFinding, Status
from directrix.v1 import explanation_service_pb2 as service
from directrix.v1 import values_pb2 as pb
from directrix.wire.differences import difference
from directrix.wire.fields import number_of
from directrix.wire.images import encode_image
from directrix.wire.latents import space_from_proto, space_to_proto
from directrix.wire.recipes import Resolve, recipe_to_proto, same

STATUSES: dict[int, Status] = {
    service.ExplainImageResponse.STATUS_FOUND: Status.FOUND,
    service.ExplainImageResponse.STATUS_NOT_FOUND: Status.NOT_FOUND,
    service.ExplainImageResponse.STATUS_ALREADY_TARGET: Status.ALREADY_TARGET,
}

ABSENT = (
    "oracle_agrees",
    "reconstruction_error",
    "reconstruction_label_kept",
    "log_density_change",
    "views_agree",
    "oracle_views_agree",
)
"""Fields that have the same name as a value and as a message, and may not be there."""


def moved_to_proto(moved: MovedFinding) -> service.ExplainImageResponse.MovedFinding:
    return service.ExplainImageResponse.MovedFinding(
        index=moved.index,
        alpha=moved.alpha,
        contribution=moved.contribution,
        space=pb.SPACE_UNSPECIFIED if moved.space is None else space_to_proto(moved.space),
        layer=moved.layer,
        channel=moved.channel,
    )


def moved_from_proto(message: service.ExplainImageResponse.MovedFinding) -> MovedFinding:
    return MovedFinding(
        index=message.index,
        alpha=message.alpha,
        contribution=message.contribution if message.HasField("contribution") else None,
        space=space_from_proto(message.space) if message.space else None,
        layer=message.layer,
        channel=message.channel,
    )


def counterfactual_to_proto(
    found: Counterfactual,
    encoding: int = pb.ENCODING_RAW,
    name: Resolve = same,
) -> service.ExplainImageResponse:
    message = service.ExplainImageResponse(
        status=number_of(STATUSES, found.status),
        cause=found.cause,
        original=encode_image(found.original, encoding),
        image=encode_image(found.image, encoding),
        recipe=recipe_to_proto(found.recipe, name),
        moved=[moved_to_proto(moved) for moved in found.moved],
        source_class=found.source_class,
        target_class=found.target_class,
        margin_before=found.margin_before,
        margin_after=found.margin_after,
        probability_before=found.probability_before,
        probability_after=found.probability_after,
        curve=[
            service.ExplainImageResponse.CurvePoint(distance_sd=point.distance, margin=point.margin)
            for point in found.curve
        ],
        distance_sd=found.distance_sd,
        pixel_l1=found.pixel_l1,
        generator_calls=found.generator_calls,
        classifier_calls=found.classifier_calls,
        difference=encode_image(difference(found.original, found.image), encoding),
        views=found.views,
    )
    for field in ABSENT:
        if (value := getattr(found, field)) is not None:
            setattr(message, field, value)
    return message
