"""`directrix discover`: run a method, list the methods."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from directrix.cli import arguments, starting
from directrix.cli.exits import reporting
from directrix.cli.following import follow_if, show_result
from directrix.cli.output import say, show_json, show_table
from directrix.cli.session import Generator, Json, Predictors, Seed, client_of

app = typer.Typer(no_args_is_help=True, help="Find directions, and see what can find them.")
Method = Annotated[str, typer.Argument(help="A method's id: see 'directrix discover methods'.")]
Judges = Annotated[
    list[str] | None,
    typer.Option(
        "--judge", "-j", help="A predictor that judges, unseen by the method; repeatable."
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", "-P", help="NAME=VALUE, a parameter of the method; repeatable."),
]
Samples = Annotated[
    int | None, typer.Option(min=1, help="Samples of the population (service's default).")
]


@app.command()
def run(
    context: typer.Context,
    method: Method,
    generator: Generator,
    predictor: Predictors = None,
    judge: Judges = None,
    param: Parameters = None,
    seed: Seed = 0,
    samples: Samples = None,
    request_id: starting.RequestId = None,
    budget: starting.Budget = None,
    priority: starting.Priority = "normal",
    estimate: starting.EstimateOnly = False,
    wait: starting.Wait = True,
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
        asked = (generator, method, predictor or (), arguments.parameters(param or ()))
        if estimate:
            starting.show_estimate(client.estimate(*asked, samples, judge or ()), as_json)
            return
        limits = starting.limits(budget, priority)
        handle = client.discover(*asked, seed, samples, request_id, judge or (), *limits)
        result = follow_if(wait, handle, as_json)
        if result is None:
            return
        show_result(handle.name, result, as_json)
        if not as_json:
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
