"""Where the service is, and the options that many commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from directrix.client import Client, Credentials


@dataclass(frozen=True)
class Session:
    """What the options before the command say."""

    endpoint: str
    project: str
    timeout: float | None
    credentials: Credentials

    def client(self) -> Client:
        """Raises ValueError for credentials that cannot be, OSError for files that are not."""
        return Client(self.endpoint, self.project, self.timeout, self.credentials)


def client_of(context: typer.Context) -> Client:
    session = context.find_object(Session)
    if session is None:
        raise typer.BadParameter("no endpoint")
    return session.client()


Json = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs, also of errors (to stderr).")
]
Generator = Annotated[str, typer.Option("--generator", "-g", help="The generator's id.")]
Predictors = Annotated[
    list[str] | None,
    typer.Option("--predictor", "-p", help="A predictor's id; may be given several times."),
]
Seed = Annotated[int, typer.Option(min=0, help="The seed.")]
Truncation = Annotated[
    float | None, typer.Option("--truncation", "-t", min=0, max=2, help="Psi; 1 leaves it out.")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="PNG file to write; - is standard output.")
]
