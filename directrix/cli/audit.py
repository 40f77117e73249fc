"""`directrix audit`: what a whole classifier relies on, and what flips it."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from directrix.cli import arguments
from directrix.cli.edit import write
from directrix.cli.exits import reporting
from directrix.cli.following import follow_if
from directrix.cli.output import say, show_facts, show_json, show_table
from directrix.cli.session import Json, Seed, client_of
from directrix.client import Client, Relied, StoredAudit
from directrix.client.dialogues.audits import AuditFields
from directrix.client.names import short

app = typer.Typer(no_args_is_help=True, help="Audit classifiers: what their answers rest on.")
Name = Annotated[str, typer.Argument(help="The audit's name or id.")]
Folder = Annotated[
    Path | None,
    typer.Option("--out", "-o", file_okay=False, help="Folder for audit.html, .json and .csv."),
]
FINDING = re.compile(r"[^/]+:\d+")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
DOCUMENTS = ("html", "json", "csv")
TOLD = 12
"""Findings that `show` tells of, unless asked for JSON."""


@app.command()
def run(
    context: typer.Context,
    classifier: Annotated[str, typer.Argument(help="The classifier's id.")],
    generator: Annotated[str, typer.Option("--generator", "-g", help="The generator's id.")],
    findings: Annotated[
        list[str], typer.Option("--findings", "-f", help="A finding set; repeatable.")
    ],
    reference: Annotated[
        str, typer.Option(help="A classifier that is trusted: more than it relies on is accused.")
    ] = "",
    rival: Annotated[str, typer.Option(help="A second classifier to compare with.")] = "",
    allow: Annotated[
        list[str] | None,
        typer.Option(
            help="PREDICTOR, PREDICTOR/SCORER or SET:INDEX that answers may rest on; repeatable."
        ),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="PREDICTOR/SCORER, or a classifier: subgroups to tell of; repeatable."),
    ] = None,
    seed: Seed = 0,
    samples: Annotated[int, typer.Option(min=0, help="Generated pictures (128).")] = 0,
    images: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A folder of real pictures instead."),
    ] = None,
    pictures: Annotated[
        str, typer.Option(help="Digest of the pictures of an earlier audit instead.")
    ] = "",
    space: Annotated[str, typer.Option(help="Where pictures are inverted (w+, else z).")] = "",
    inversion_steps: Annotated[int, typer.Option(min=0, max=2000, help="Of its search.")] = 0,
    encoder: Annotated[str, typer.Option(help="Says where its search starts.")] = "",
    encoder_only: Annotated[bool, typer.Option(help="Take what it says as it is.")] = False,
    embedder: Annotated[str, typer.Option(help="A predictor whose features count too.")] = "",
    steps: Annotated[str, typer.Option(help="Strengths that flips are looked for at.")] = "1,2,3",
    random_findings: Annotated[int, typer.Option(min=0, help="That tell chance (60).")] = 0,
    explained: Annotated[int, typer.Option(min=0, help="Pictures explained twice.")] = 8,
    noise: Annotated[float, typer.Option(min=0, help="Latent noise for that (0.1 SD).")] = 0.0,
    pairs: Annotated[int, typer.Option(min=0, help="Class pairs to tell of (12).")] = 0,
    probability: Annotated[
        float, typer.Option(min=0, max=0.999, help="Of the new class, for a flip to count.")
    ] = 0.0,
    budget: Annotated[int, typer.Option(min=0, help="Images an explanation (1500).")] = 0,
    request_id: Annotated[
        str | None, typer.Option(help="A UUID: the same one never starts the same job twice.")
    ] = None,
    out: Folder = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end.")] = True,
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
        if out and not wait:
            raise typer.BadParameter("--out waits for the end: leave --no-wait out")
        scores, places = _allowed(allow or ())
        fields: AuditFields = {
            "reference": reference, "rival": rival, "allowed_scores": scores,
            "allowed_findings": places, "groups": [*map(_score, group or ())], "seed": seed,
            "samples": samples, "pictures": _read(images), "pictures_digest": pictures,
            "space": space, "inversion_steps": inversion_steps, "encoder": encoder,
            "encoder_only": encoder_only, "embedder": embedder,
            "steps": arguments.strengths(steps), "random_findings": random_findings,
            "explained": explained, "noise_sd": noise, "pairs": pairs,
            "target_probability": probability, "budget": budget,
            "request_id": request_id or "",
        }  # fmt: skip
        handle = client.audit_classifier(generator, classifier, findings, **fields)
        result = follow_if(wait, handle, as_json)
        if result is None:
            return
        if out:
            _fetch(client, result.audit, out)
        if as_json:
            show_json({"event": "result", "operation": handle.name, **asdict(result)})
            return
        print(result.audit)
        say(_sentence(client.audit(result.audit)))


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


def _fetch(client: Client, name: str, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"audit.{form}" for form in DOCUMENTS]
    for path, form in zip(paths, DOCUMENTS, strict=True):
        write(path, client.audit_document(name, form))
    return paths


def _read(folder: Path | None) -> list[bytes]:
    """The pictures of a folder, by name."""
    if folder is None:
        return []
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not files:
        raise typer.BadParameter(f"{folder} holds no pictures: {', '.join(SUFFIXES)}")
    return [path.read_bytes() for path in files]


def _allowed(
    texts: list[str] | tuple[str, ...],
) -> tuple[list[tuple[str, str]], list[tuple[str, int]]]:
    """Scores, and findings: those that are SET:INDEX, without a scorer."""
    places = [text for text in texts if FINDING.fullmatch(text)]
    scores = [_score(text) for text in texts if not FINDING.fullmatch(text)]
    return scores, [arguments.finding(text) for text in places]


def _score(text: str) -> tuple[str, str]:
    """PREDICTOR[/SCORER]; a predictor by its id."""
    predictor, _, scorer = text.partition("/")
    return predictor, scorer


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
