"""`directrix findings`: finding sets and their scorecards."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from directrix.cli.exits import reporting
from directrix.cli.output import say, show_json, show_table
from directrix.cli.session import Json, client_of
from directrix.client import StoredFindings

if TYPE_CHECKING:
    from directrix.types import Finding, FindingScore, Scorecard

app = typer.Typer(no_args_is_help=True, help="Look at what discoveries found, and what it does.")
Name = Annotated[str, typer.Argument(help="The finding set's name or id.")]


@app.command("list")
def list_sets(context: typer.Context, as_json: Json = False) -> None:
    """List finding sets.

    Examples:

    \b
      directrix findings list
    """
    with reporting(as_json), client_of(context) as client:
        found = client.finding_sets()
        if as_json:
            show_json([_summary(each) for each in found])
            return
        rows = [
            (e.id, p.method, p.version, e.count, p.seed, p.generator[:12])
            for e, p in ((each, each.value.provenance) for each in found)
        ]
        show_table(("finding set", "method", "version", ">findings", ">seed", "generator"), rows)


@app.command()
def show(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show the findings of one set.

    Examples:

    \b
      directrix findings show f0c1d2
    """
    with reporting(as_json), client_of(context) as client:
        found = client.finding_set(name)
        entries = [_entry(found, i) for i in range(len(found.value))]
        if as_json:
            show_json({**_summary(found), "findings": entries})
            return
        say(f"{found.name}, by {found.value.provenance.method}, digest {found.digest}")
        rows = [(e["index"], e["kind"], e["space"], e["scale"], e["hint"]) for e in entries]
        show_table((">", "kind", "space", ">scale", "hint"), rows)


@app.command()
def scorecard(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show what moving along each finding does, on latents that no method has seen.

    Examples:

    \b
      directrix findings scorecard f0c1d2
    """
    with reporting(as_json), client_of(context) as client:
        card = client.scorecard(name)
        if as_json:
            show_json(card.model_dump(mode="json"))
            return
        say(
            f"{card.samples} held-out latents, strengths {card.alphas[0]:g} to "
            f"{card.alphas[-1]:g}; random findings reach {card.random_floor_sd:.2f} SD"
        )
        columns = (
            *(">", "raises", ">effect SD", "95 % interval", ">side effect SD", ">monotone"),
            *(">alpha at 1 SD", ">mean dependency", ">max dependency", ">safe alphas"),
        )
        show_table(columns, _rows(card))


def _rows(card: "Scorecard") -> list[tuple[object, ...]]:
    return [
        (
            score.index,
            score.target,
            f"{score.effect_sd:+.2f}",
            f"{score.interval_sd[0]:.2f} to {score.interval_sd[1]:.2f}",
            f"{score.side_effect_sd:.2f}",
            f"{score.monotonicity:.0%}",
            *_matched(score),
            f"{score.safe[0]:+.2g} to {score.safe[1]:+.2g}",
        )
        for score in card.findings
    ]


def _matched(score: "FindingScore") -> tuple[object, ...]:
    at = score.at(1.0)
    if at is None:
        return None, None, None
    alpha = None if at.alpha is None else f"{at.alpha:+.2f}"
    return alpha, at.dependency_mean_sd, at.dependency_max_sd


def _summary(found: StoredFindings) -> dict[str, Any]:
    provenance = found.value.provenance.model_dump(mode="json")
    return {"name": found.name, "digest": found.digest, "count": found.count, **provenance}


def _entry(found: StoredFindings, index: int) -> dict[str, Any]:
    finding: Finding = found.value.findings[index]
    settings = dict(finding.settings())
    return {
        "index": index,
        "kind": str(finding.kind),
        "space": str(settings.get("space", settings.get("layer", ""))),
        "scale": settings.get("scale"),
        "hint": found.value.hints[index] if found.value.hints else "",
        "arrays": {role: list(array.shape) for role, array in finding.arrays().items()},
    }
