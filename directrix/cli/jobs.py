"""`directrix jobs`: discoveries, trainings and audits that run, or ran."""

from typing import Annotated

import typer

from directrix.cli.exits import reporting
from directrix.cli.following import facts, follow, show_result
from directrix.cli.output import say, show_facts, show_json, show_table
from directrix.cli.session import Json, client_of

app = typer.Typer(no_args_is_help=True, help="Look after jobs that run at the service.")
Name = Annotated[str, typer.Argument(help="The operation's name or id.")]


@app.command("list")
def list_jobs(context: typer.Context, as_json: Json = False) -> None:
    """List jobs and how they stand.

    Examples:

    \b
      directrix jobs list
    """
    with reporting(as_json), client_of(context) as client:
        found = client.jobs()
        if as_json:
            show_json([facts(job) for job in found])
            return
        rows = [
            (j.id, j.progress.method, j.progress.state, j.progress.stage, _units(j.progress))
            for j in found
        ]
        show_table(("operation", "method", "state", "stage", ">units"), rows)


@app.command()
def show(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show one job.

    Examples:

    \b
      directrix jobs show 7c1f
    """
    with reporting(as_json), client_of(context) as client:
        found = facts(client.operation(name).job())
        show_json(found) if as_json else show_facts(found)


@app.command()
def wait(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Wait for a job; prints the name of what it made.

    Examples:

    \b
      directrix jobs wait 7c1f
    """
    with reporting(as_json), client_of(context) as client:
        handle = client.operation(name)
        result = follow(handle, as_json)
        show_result(handle.name, result, as_json)


@app.command()
def cancel(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Ask for a job to be cancelled.

    Examples:

    \b
      directrix jobs cancel 7c1f
    """
    with reporting(as_json), client_of(context) as client:
        handle = client.operation(name)
        handle.cancel()
        show_json(facts(handle.job())) if as_json else say(f"cancelling {handle.name}")


def _units(progress: object) -> str:
    done, total = getattr(progress, "done", 0), getattr(progress, "total", 0)
    return f"{done}/{total}" if total else ""
