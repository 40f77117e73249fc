"""`directrix audit`: what a whole classifier relies on, and what flips it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from directrix.cli import arguments, starting
from directrix.cli import audit_options as options
from directrix.cli.edit import write
from directrix.cli.exits import reporting
from directrix.cli.following import follow_if, show_result
from directrix.cli.output import say, show_facts, show_json, show_table
from directrix.cli.session import Generator, Json, Seed, client_of
from directrix.client import Audited, Client, Relied, StoredAudit
from directrix.client.dialogues.audits import AuditFields
from directrix.client.names import short

app = typer.Typer(no_args_is_help=True, help="Audit classifiers: what their answers rest on.")
Name = Annotated[str, typer.Argument(help="The audit's name or id.")]
DOCUMENTS = ("html", "json", "csv")
TOLD = 12
"""Findings that `show` tells of, unless asked for JSON."""


@app.command()
def run(
    context: typer.Context,
    classifier: options.Classifier,
    generator: Generator,
    findings: options.Findings,
    reference: options.Reference = "",
    rival: options.Rival = "",
    allow: options.Allow = None,
    group: options.Group = None,
    seed: Seed = 0,
    samples: options.Samples = 0,
    images: options.Images = None,
    pictures: options.Pictures = "",
    space: options.SpaceName = "",
    inversion_steps: options.InversionSteps = 0,
    encoder: options.Encoder = "",
    encoder_only: options.EncoderOnly = False,
    embedder: options.Embedder = "",
    steps: options.Steps = "1,2,3",
    random_findings: options.RandomFindings = 0,
    explained: options.Explained = 8,
    noise: options.Noise = 0.0,
    pairs: options.Pairs = 0,
    probability: options.Probability = 0.0,
    explanation_budget: options.ExplanationBudget = 0,
    request_id: starting.RequestId = None,
    budget: starting.Budget = None,
    priority: starting.Priority = "normal",
    estimate: starting.EstimateOnly = False,
    out: options.Out = None,
    wait: starting.Wait = True,
    as_json: Json = False,
) -> None:
    """Audit a classifier along the findings of one or more sets.

    Examples:

    \b
      directrix audit run fashion-classifier -g fashion-generator -f f0c1d2 \\
          --reference fashion-oracle -o report
      directrix audit run fashion-classifier -g fashion-generator -f f0c1d2 \\
          --images clothes --encoder fashion-encoder --no-wait

    Prints the name of the audit, or with --no-wait that of the operation.
    Ctrl-C leaves the job running.
    """
    with reporting(as_json), client_of(context) as client:
        if out and (estimate or not wait):
            raise typer.BadParameter("--out waits for the end: leave --no-wait and --estimate out")
        scores, places = options.allowed(allow or ())
        most, word = starting.limits(budget, priority)
        fields: AuditFields = {
            "reference": reference, "rival": rival, "allowed_scores": scores,
            "allowed_findings": places, "groups": [*map(options.score, group or ())], "seed": seed,
            "samples": samples, "pictures": options.pictures_of(images),
            "pictures_digest": pictures, "space": space, "inversion_steps": inversion_steps,
            "encoder": encoder, "encoder_only": encoder_only, "embedder": embedder,
            "steps": arguments.strengths(steps), "random_findings": random_findings,
            "explained": explained, "noise_sd": noise, "pairs": pairs,
            "target_probability": probability, "explanation_budget": explanation_budget,
            "request_id": request_id or "", "budget": most, "priority": word,
        }  # fmt: skip
        if estimate:
            told = client.estimate_audit(generator, classifier, findings, **fields)
            starting.show_estimate(told, as_json)
            return
        handle = client.audit_classifier(generator, classifier, findings, **fields)
        _end(client, follow_if(wait, handle, as_json), handle.name, out, as_json)


@app.command("list")
def list_audits(context: typer.Context, as_json: Json = False) -> None:
    """List audits.

    Examples:

    \b
      directrix audit list
    """
    with reporting(as_json), client_of(context) as client:
        found = client.audits()
        if as_json:
            show_json([asdict(each) for each in found])
            return
        rows = [
            (e.id, short(e.classifier), short(e.generator), e.samples, e.findings, e.accused)
            for e in found
        ]
        names = ("audit", "classifier", "generator", ">pictures", ">findings", ">accused")
        show_table(names, rows)


@app.command()
def show(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show what a classifier relies on.

    Examples:

    \b
      directrix audit show a0c1d2

    Intervals are those of 95 %. The whole of an audit is in its documents:
    'directrix audit fetch'.
    """
    with reporting(as_json), client_of(context) as client:
        found = client.audit(name)
        if as_json:
            show_json(asdict(found))
            return
        show_facts(_facts(found))
        say(_sentence(found))
        names = (
            *("finding", "set", ">moves its answer by", ">interval", ">flips"),
            *(">beyond", ">interval", "accused"),
        )
        show_table(names, [_row(each) for each in found.reliance[:TOLD]])
        if len(found.reliance) > TOLD:
            say(f"and {len(found.reliance) - TOLD} more")


@app.command()
def fetch(
    context: typer.Context,
    name: Name,
    out: Annotated[
        Path, typer.Option("--out", "-o", file_okay=False, help="Folder for its documents.")
    ] = Path(),
    as_json: Json = False,
) -> None:
    """Write the report and the tables of an audit: audit.html, audit.json, audit.csv.

    Examples:

    \b
      directrix audit fetch a0c1d2 -o report
    """
    with reporting(as_json), client_of(context) as client:
        paths = _fetch(client, name, out)
        if as_json:
            show_json([str(path) for path in paths])


def _end(client: Client, ended: Audited | None, job: str, out: Path | None, as_json: bool) -> None:
    """What is told of an audit that was waited for."""
    if ended is None:
        return
    if out:
        _fetch(client, ended.audit, out)
    show_result(job, ended, as_json)
    if not as_json:
        say(_sentence(client.audit(ended.audit)))


def _fetch(client: Client, name: str, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"audit.{form}" for form in DOCUMENTS]
    for path, form in zip(paths, DOCUMENTS, strict=True):
        write(path, client.audit_document(name, form))
    return paths


def _facts(found: StoredAudit) -> dict[str, object]:
    return {
        "audit": found.name,
        "digest": found.digest,
        "classifier": short(found.classifier),
        "generator": short(found.generator),
        "finding sets": ", ".join(map(short, found.finding_sets)),
        "pictures": found.samples,
    }


def _sentence(found: StoredAudit) -> str:
    """What was found, in one line."""
    if found.accused is None:
        told = f"{found.findings} findings looked at; nobody said what it may rely on"
    elif found.accused:
        names = ", ".join(_title(each) for each in found.reliance if each.accused)
        of = f"{found.accused} of {found.findings} findings"
        told = f"it relies on {of} though it should not: {names}"
    else:
        told = f"none of {found.findings} findings is accused"
    outside = "; it answers by something that the generator cannot make"
    return told + (outside if found.span == "outside" else "")


def _title(each: Relied) -> str:
    return each.title or f"{short(each.finding_set)[:7]}:{each.index}"


def _row(each: Relied) -> tuple[object, ...]:
    return (
        _title(each),
        f"{short(each.finding_set)[:7]}:{each.index}",
        f"{each.variation.value:.3f}",
        f"{each.variation.low:.3f} to {each.variation.high:.3f}",
        f"{each.flips.value:.0%}",
        f"{each.beyond.value:.2f} SD",
        f"{each.beyond.low:.2f} to {each.beyond.high:.2f}",
        each.accused,
    )
