"""Starting jobs: the options that all commands share which start one, and what one would cost."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from directrix.cli import arguments
from directrix.cli.output import say, show_facts, show_json
from directrix.client.values import Estimate
from directrix.client.values import Priority as Word

RequestId = Annotated[
    str | None, typer.Option(help="A UUID: the same one never starts the same job twice.")
]
Budget = Annotated[
    list[str] | None,
    typer.Option(
        "--budget", help="seconds=N, images=N or memory_mb=N for the job, at most; repeatable."
    ),
]
Priority = Annotated[
    str, typer.Option("--priority", help="Among the project's jobs: low, normal or high.")
]
EstimateOnly = Annotated[
    bool, typer.Option("--estimate", help="Start nothing; tell what it would cost.")
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end.")]


def limits(budget: Sequence[str] | None, priority: str) -> tuple[dict[str, float], Word]:
    """What these two options say, as the client takes it."""
    return arguments.budget(budget or ()), arguments.priority(priority)


def show_estimate(told: Estimate | None, as_json: bool) -> None:
    """None: nothing is known."""
    if as_json:
        show_json({"event": "estimate", "estimate": None if told is None else asdict(told)})
    elif told is None:
        say("nothing is known yet: no job like it has succeeded")
    else:
        show_facts(asdict(told))
