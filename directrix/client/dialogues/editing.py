"""Edits, filmstrips, samples and inversions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from directrix.client.dialogues.recipes import SPACES, one_of
from directrix.client.names import Names
from directrix.client.pictures import Picture
from directrix.client.steps import Call, Dialogue
from directrix.client.values import Edited, Filmstrip, Frame, Inversion, LabelVerdict, Scores
from directrix.v1 import editing_service_pb2 as pb
from directrix.v1 import values_pb2

if TYPE_CHECKING:
    from directrix.types import Latent

SERVICE = "/directrix.v1.EditingService"
ENCODINGS = {
    "png": values_pb2.ENCODING_PNG,
    "raw": values_pb2.ENCODING_RAW,
    "jpeg": values_pb2.ENCODING_JPEG,
}
WORDS = {number: word for word, number in ENCODINGS.items()}
FORMS = {
    "": values_pb2.FORM_UNSPECIFIED,
    "result": values_pb2.FORM_RESULT,
    "preview": values_pb2.FORM_PREVIEW,
}


def edit_request(
    names: Names,
    recipe: values_pb2.Recipe,
    predictors: Sequence[str] = (),
    encoding: str = "png",
    form: str = "",
) -> pb.EditImageRequest:
    """Raises ValueError for an unknown encoding or form."""
    return pb.EditImageRequest(
        recipe=recipe,
        predictors=map(names.model, predictors),
        encoding=one_of(ENCODINGS, encoding, "encoding"),
        form=one_of(FORMS, form, "form"),
    )


def edit(request: pb.EditImageRequest) -> Dialogue[Edited]:
    answer = yield Call(f"{SERVICE}/EditImage", request, pb.EditImageResponse, deadline=30)
    return edited(answer, request.recipe)


def filmstrip(
    names: Names,
    recipe: values_pb2.Recipe,
    finding: tuple[str, int],
    alphas: Sequence[float],
    predictors: Sequence[str],
    encoding: str,
) -> Dialogue[Filmstrip]:
    finding_set, index = finding
    request = pb.RenderFilmstripRequest(
        recipe=recipe,
        finding=values_pb2.FindingRef(finding_set=names.finding_set(finding_set), index=index),
        alphas=alphas,
        predictors=map(names.model, predictors),
        encoding=one_of(ENCODINGS, encoding, "encoding"),
    )
    rpc = f"{SERVICE}/RenderFilmstrip"
    answer = yield Call(rpc, request, pb.RenderFilmstripResponse, deadline=60)
    return Filmstrip(tuple(_frame(frame) for frame in answer.frames))


def sample(
    names: Names,
    generator: str,
    seed: int,
    count: int,
    start: int = 0,
    space: str = "z",
    truncation: float | None = None,
) -> Dialogue[Latent]:
    request = pb.SampleLatentsRequest(
        generator=names.model(generator),
        seed=seed,
        start=start,
        count=count,
        space=one_of(SPACES, space, "space"),
        truncation=truncation,
    )
    answer = yield Call(f"{SERVICE}/SampleLatents", request, pb.SampleLatentsResponse, deadline=30)
    return _stack(answer.latents)


def invert(
    names: Names, generator: str, source: values_pb2.ImageSource, classifiers: Sequence[str] = ()
) -> Dialogue[Inversion]:
    from directrix.wire.latents import latent_from_proto

    request = pb.InvertImageRequest(
        generator=names.model(generator), source=source, classifiers=map(names.model, classifiers)
    )
    answer = yield Call(f"{SERVICE}/InvertImage", request, pb.InvertImageResponse, deadline=120)
    return Inversion(
        latent=latent_from_proto(answer.latent),
        reconstruction=picture(answer.reconstruction),
        error=answer.error,
        verdicts=tuple(
            LabelVerdict(v.classifier, v.label, v.reconstruction_label, v.label_kept)
            for v in answer.verdicts
        ),
        noise_error=answer.noise_error if answer.HasField("noise_error") else None,
    )


def edited(answer: pb.EditImageResponse, recipe: values_pb2.Recipe) -> Edited:
    """With the recipe's strengths filled in where it asked for changes."""
    made = values_pb2.Recipe()
    made.CopyFrom(recipe)
    for move, alpha in zip(made.moves, answer.alphas, strict=False):
        move.ClearField("change_sd")
        move.alpha = alpha
    return Edited(**_picture_fields(answer.image), scores=_scores(answer.scores), recipe=made)


def picture(message: values_pb2.Image) -> Picture:
    return Picture(**_picture_fields(message))


def _frame(frame: pb.Frame) -> Frame:
    scores = _scores(frame.scores)
    return Frame(**_picture_fields(frame.image), alpha=frame.alpha, scores=scores)


def _picture_fields(message: values_pb2.Image) -> dict[str, Any]:
    return {
        "data": message.data,
        "encoding": WORDS.get(message.encoding, "png"),
        "height": message.height,
        "width": message.width,
        "channels": message.channels,
        "digest": message.digest,
    }


def _scores(messages: Iterable[values_pb2.Scores]) -> Scores:
    return {message.predictor: dict(message.values) for message in messages}


def _stack(messages: Sequence[values_pb2.Latent]) -> Latent:
    """The latents of one answer as one batch."""
    import numpy as np

    from directrix.types import Latent
    from directrix.wire.latents import latent_from_proto

    rows = [latent_from_proto(message) for message in messages]
    values = np.concatenate([row.values for row in rows])
    return Latent(rows[0].space, rows[0].generator, values)
