"""`directrix compare`: finding sets beside one another."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from directrix.cli.edit import write
from directrix.cli.exits import reporting
from directrix.cli.output import show_json, show_table
from directrix.cli.session import Json, client_of
from directrix.client import Client
from directrix.client.names import short
from directrix.pages import comparison as pages

if TYPE_CHECKING:
    from directrix.types import Comparison

KINDS = (".html", ".csv", ".json")
FIGURES = ("dependency_mean_sd", "dependency_max_sd", "frechet", "identity", "log_density")


def compare(
    context: typer.Context,
    sets: Annotated[list[str], typer.Argument(help="Names or ids of finding sets.")],
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", help="A file to write: .html, .csv or .json; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Put finding sets of one generator beside one another.

    Examples:

    \b
      directrix compare f0c1d2 f7a8b9
      directrix compare f0c1d2 f7a8b9 -o methods.html -o methods.csv

    All of them need scorecards by the same judges: see 'discover run --judge'.
    Figures are taken where a finding's target has changed by 1 SD and by 2 SD.
    """
    with reporting(as_json), client_of(context) as client:
        for path in out or ():
            if path.suffix not in KINDS:
                raise typer.BadParameter(f"a comparison is written to {', '.join(KINDS)}")
        found = client.compare(*sets)
        for path in out or ():
            write(path, _content(client, found, path.suffix).encode())
        if as_json:
            show_json(found.model_dump(mode="json"))
        elif not out:
            _show(found)


def _content(client: Client, found: "Comparison", kind: str) -> str:
    if kind == ".csv":
        return pages.to_csv(found)
    if kind == ".json":
        return json.dumps(found.model_dump(mode="json"), indent=2) + "\n"
    films = []
    generator = _generator(client, found.generator)
    if generator:
        films = pages.shoot(client, generator, found)
    return pages.page(found, films)


def _generator(client: Client, digest: str) -> str:
    """The name of the generator, empty where no model has this digest any more."""
    return next((model.name for model in client.models() if model.digest == digest), "")


def _show(found: "Comparison") -> None:
    names = (">mean dep.", ">max dep.", ">Frechet", ">identity", ">log density")
    rows = [
        (
            short(each.finding_set),
            each.method,
            ", ".join(each.spaces),
            f"{each.named}/{each.findings}",
            f"{medians.change_sd:g} SD",
            f"{medians.reached:.0%}",
            *(getattr(medians, name) for name in FIGURES),
        )
        for each in found.sets
        for medians in each.medians
    ]
    show_table(("finding set", "method", "space", ">named", ">at", ">reached", *names), rows)
