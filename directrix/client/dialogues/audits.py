"""Audits of classifiers: started, read, listed, downloaded."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from google.longrunning import operations_pb2
from google.protobuf import json_format

from directrix.client.dialogues.paging import PAGE, everything
from directrix.client.dialogues.recipes import SPACES, one_of
from directrix.client.dialogues.spending import budget_of, estimate_of, priority_of
from directrix.client.names import Names
from directrix.client.steps import Call, Dialogue
from directrix.client.values import Estimate, Figure, Priority, Relied, StoredAudit
from directrix.v1 import audit_service_pb2 as pb
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import values_pb2

SERVICE = "/directrix.v1.AuditService"
START = "/directrix.v1.ExplanationService/AuditClassifier"
FORMATS = {"json": pb.Audit.FORMAT_JSON, "csv": pb.Audit.FORMAT_CSV, "html": pb.Audit.FORMAT_HTML}
SPANS = {
    pb.Audit.SPAN_INSIDE: "inside",
    pb.Audit.SPAN_OUTSIDE: "outside",
    pb.Audit.SPAN_UNTOLD: "untold",
}

Score = tuple[str, str]
"""(predictor, scorer), or (predictor, "") for all of its scorers."""


class AuditFields(TypedDict, total=False):
    """What may be asked of an audit; what is not said is the service's default.

    reference: a classifier that is trusted; what the audited one relies on beyond it is accused.
    rival: a second classifier to compare with. allowed_scores, allowed_findings (finding set,
    index): what an answer may depend on. groups: scores that tell subgroups. seed, samples: of the
    population. pictures: real ones instead, as files, or pictures_digest, that of an earlier audit;
    space, inversion_steps, encoder, encoder_only, embedder: how they are inverted. steps: strengths
    that flips are looked for at, in SD. random_findings: those that tell what chance does.
    explained, noise_sd: pictures tried for stability, and by how much latent noise. pairs: class
    pairs that are told of. target_probability: what the new class has to reach for a flip to count.
    explanation_budget: images that one explanation may generate. request_id: a UUID; the same one
    with the same request is the same operation. budget, priority: of the job, as of a discovery.
    """

    reference: str
    rival: str
    allowed_scores: Sequence[Score]
    allowed_findings: Sequence[tuple[str, int]]
    groups: Sequence[Score]
    seed: int
    samples: int
    pictures: Sequence[bytes]
    pictures_digest: str
    space: str
    inversion_steps: int
    encoder: str
    encoder_only: bool
    embedder: str
    steps: Sequence[float]
    random_findings: int
    explained: int
    noise_sd: float
    pairs: int
    target_probability: float
    explanation_budget: int
    request_id: str
    budget: Mapping[str, float]
    priority: Priority


def start(
    names: Names,
    generator: str,
    classifier: str,
    finding_sets: Sequence[str],
    fields: AuditFields,
) -> Dialogue[str]:
    """The name of the operation."""
    request = _request(names, generator, classifier, finding_sets, fields)
    request.request_id = fields.get("request_id") or str(uuid.uuid4())
    request.job_budget.CopyFrom(budget_of(fields.get("budget")))
    request.priority = priority_of(fields.get("priority", "normal"))
    answer = yield _start(request)
    return str(answer.name)


def foresee(
    names: Names,
    generator: str,
    classifier: str,
    finding_sets: Sequence[str],
    fields: AuditFields,
) -> Dialogue[Estimate | None]:
    request = _request(names, generator, classifier, finding_sets, fields)
    request.validate_only = True
    answer = yield _start(request)
    return estimate_of(answer)


def _start(request: explanation.AuditClassifierRequest) -> Call:
    return Call(START, request, operations_pb2.Operation, deadline=120)


def _request(
    names: Names,
    generator: str,
    classifier: str,
    finding_sets: Sequence[str],
    fields: AuditFields,
) -> explanation.AuditClassifierRequest:
    return explanation.AuditClassifierRequest(
        parent=names.parent,
        generator=names.model(generator),
        classifier=names.model(classifier),
        finding_sets=map(names.finding_set, finding_sets),
        reference=_model(names, fields.get("reference")),
        rival=_model(names, fields.get("rival")),
        allowed_scores=_scores(names, fields.get("allowed_scores", ())),
        allowed_findings=[
            values_pb2.FindingRef(finding_set=names.finding_set(name), index=index)
            for name, index in fields.get("allowed_findings", ())
        ],
        groups=_scores(names, fields.get("groups", ())),
        seed=fields.get("seed", 0),
        samples=fields.get("samples", 0),
        pictures=_pictures(names, fields),
        steps=fields.get("steps", ()),
        random_findings=fields.get("random_findings", 0),
        explained=fields.get("explained"),
        noise_sd=fields.get("noise_sd", 0.0),
        pairs=fields.get("pairs", 0),
        target_probability=fields.get("target_probability", 0.0),
        explanation_budget=fields.get("explanation_budget", 0),
    )


def get(names: Names, name: str) -> Dialogue[StoredAudit]:
    request = pb.GetAuditRequest(name=names.audit(name))
    answer = yield Call(f"{SERVICE}/GetAudit", request, pb.Audit, deadline=30)
    return _stored(answer)


def audits(names: Names) -> Dialogue[list[StoredAudit]]:
    def page(token: str) -> Call:
        request = pb.ListAuditsRequest(parent=names.parent, page_size=PAGE, page_token=token)
        return Call(f"{SERVICE}/ListAudits", request, pb.ListAuditsResponse, deadline=30)

    return (yield from everything(page, lambda answer: map(_stored, answer.audits)))


def downloading(names: Names, name: str, form: str) -> Call:
    """The call whose answers are the pieces of a document."""
    request = pb.DownloadAuditRequest(
        name=names.audit(name), format=one_of(FORMATS, form, "format")
    )
    return Call(f"{SERVICE}/DownloadAudit", request, pb.DownloadAuditResponse, deadline=120)


def _pictures(names: Names, fields: AuditFields) -> explanation.PictureSet | None:
    images, digest = fields.get("pictures", ()), fields.get("pictures_digest", "")
    if not images and not digest:
        return None
    space = fields.get("space", "")
    return explanation.PictureSet(
        images=images,
        digest=digest,
        space=one_of(SPACES, space, "space") if space else values_pb2.SPACE_UNSPECIFIED,
        steps=fields.get("inversion_steps", 0),
        encoder=_model(names, fields.get("encoder")),
        encoder_only=fields.get("encoder_only", False),
        embedder=_model(names, fields.get("embedder")),
    )


def _scores(names: Names, scores: Sequence[Score]) -> list[explanation.ScoreRef]:
    return [
        explanation.ScoreRef(predictor=names.model(predictor), scorer=scorer)
        for predictor, scorer in scores
    ]


def _model(names: Names, name: str | None) -> str:
    return names.model(name) if name else ""


def _stored(message: pb.Audit) -> StoredAudit:
    specification: dict[str, Any] = json_format.MessageToDict(message.specification)
    formats = {number: form for form, number in FORMATS.items()}
    return StoredAudit(
        name=message.name,
        digest=message.digest,
        generator=message.generator,
        classifier=message.classifier,
        finding_sets=tuple(message.finding_sets),
        samples=message.sample_count,
        findings=message.finding_count,
        accused=message.accused_count if message.HasField("accused_count") else None,
        span=SPANS.get(message.span, "untold"),
        specification=specification,
        documents={formats[each.format]: each.sha256 for each in message.documents},
        reliance=tuple(map(_relied, message.reliance)),
    )


def _relied(message: pb.Audit.Reliance) -> Relied:
    return Relied(
        finding_set=message.finding.finding_set,
        index=message.finding.index,
        title=message.title,
        variation=_figure(message.variation),
        flips=_figure(message.flips),
        beyond=_figure(message.beyond),
        accused=message.accused if message.HasField("accused") else None,
    )


def _figure(message: pb.MeasuredFigure) -> Figure:
    return Figure(message.value, message.low, message.high)
