"""`directrix discover`: run a method, list the methods."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from directrix.cli import arguments
from directrix.cli.exits import reporting
from directrix.cli.following import follow_if
from directrix.cli.output import say, show_facts, show_json, show_table
from directrix.cli.session import Json, Predictors, Seed, client_of
from directrix.client.values import Estimate

app = typer.Typer(no_args_is_help=True, help="Find directions, and see what can find them.")


@app.command()
def run(
    context: typer.Context,
    method: Annotated[str, typer.Argument(help="A method's id: see 'directrix discover methods'.")],
    generator: Annotated[str, typer.Option("--generator", "-g", help="The generator's id.")],
    predictor: Predictors = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge", "-j", help="A predictor that judges, unseen by the method; repeatable."
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-P", help="NAME=VALUE, a parameter of the method; repeatable."),
    ] = None,
    seed: Seed = 0,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Samples of the population (service's default).")
    ] = None,
    request_id: Annotated[
        str | None, typer.Option(help="A UUID: the same one never starts the same job twice.")
    ] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(help="seconds=N, images=N or memory_mb=N, at most; repeatable."),
    ] = None,
    priority: Annotated[
        str, typer.Option(help="Among the project's jobs: low, normal or high.")
    ] = "normal",
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Start nothing; tell what it would cost.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end.")] = True,
    as_json: Json = False,
) -> None:
    """Find directions with one method.

    Examples:

    \b
      directrix discover run sefa -g fashion-generator -p fashion-classifier
      directrix discover run interfacegan -g fashion-generator \\
          -p fashion-classifier --samples 4096 --param learner=logistic
      directrix discover run interfacegan -g avatar-generator-r80 \\
          -p avatar-regressor --judge avatar-regressor-twin
      directrix discover run sefa -g fashion-generator --no-wait

    Prints the name of the finding set, or with --no-wait that of the
    operation. Ctrl-C leaves the job running.
    """
    with reporting(as_json), client_of(context) as client:
        parameters = arguments.parameters(param or ())
        if estimate:
            told = client.estimate(
                generator, method, predictor or (), parameters, samples, judge or ()
            )
            _tell(told, as_json)
            return
        handle = client.discover(
            generator, method, predictor or (), parameters, seed, samples, request_id, judge or (),
            arguments.budget(budget or ()), arguments.priority(priority),
        )  # fmt: skip
        result = follow_if(wait, handle, as_json)
        if result is None:
            return
        if as_json:
            show_json({"event": "result", "operation": handle.name, **asdict(result)})
            return
        print(result.finding_set)
        verb = "scorecard" if result.scored else "show"
        say(f"{result.finding_count} findings: directrix findings {verb} {result.finding_set}")


@app.command()
def methods(context: typer.Context, as_json: Json = False) -> None:
    """List the methods that the workers offer.

    Examples:

    \b
      directrix discover methods
      directrix discover methods --json
    """
    with reporting(as_json), client_of(context) as client:
        found = client.methods()
        if as_json:
            show_json([asdict(method) for method in found])
            return
        rows = [(m.name, ", ".join(m.needs), _parameters(m.schema), m.description) for m in found]
        show_table(("method", "needs", "parameters", "what it finds"), rows)


def _parameters(schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties", {})
    return ", ".join(f"{name}={facts.get('default', '')}" for name, facts in properties.items())


def _tell(told: Estimate | None, as_json: bool) -> None:
    if as_json:
        show_json({"event": "estimate", "estimate": None if told is None else asdict(told)})
    elif told is None:
        say("nothing is known yet: no job like it has succeeded")
    else:
        show_facts(asdict(told))
