"""The commands put together, and the options that stand before them."""

from pathlib import Path
from typing import Annotated

import typer

from directrix.cli import audit, discover, findings, jobs, models
from directrix.cli.compare import compare
from directrix.cli.edit import edit, strip
from directrix.cli.explain import explain
from directrix.cli.invert import invert
from directrix.cli.session import Session
from directrix.cli.trail import verify
from directrix.client import TARGET, Credentials

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(discover.app, name="discover")
app.command()(edit)
app.command()(strip)
app.command()(invert)
app.command()(explain)
app.command()(compare)
audit.app.command()(verify)
app.add_typer(audit.app, name="audit")
app.add_typer(models.app, name="models")
app.add_typer(findings.app, name="findings")
app.add_typer(jobs.app, name="jobs")


@app.callback()
def options(
    context: typer.Context,
    endpoint: Annotated[
        str, typer.Option(envvar="DIRECTRIX_ENDPOINT", help="Where the gateway listens.")
    ] = TARGET,
    project: Annotated[str, typer.Option(envvar="DIRECTRIX_PROJECT", help="The tenant.")] = (
        "default"
    ),
    timeout: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds for every call (its own deadline).")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(envvar="DIRECTRIX_TOKEN_FILE", help="A file with a token or an API key."),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(envvar="DIRECTRIX_CA", help="PEM: who signs the service's certificate."),
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(envvar="DIRECTRIX_CERT", help="PEM: our own certificate.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(envvar="DIRECTRIX_KEY", help="PEM: the key of --cert.")
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="TLS by the machine's authorities; --ca implies it.")
    ] = False,
) -> None:
    """Find, follow and explain directions in generative models.

    Examples:

    \b
      directrix models register directrix/zoo/models/fashion-generator
      directrix discover run sefa -g fashion-generator -p fashion-classifier
      directrix findings scorecard f0c1d2
      directrix compare f0c1d2 f7a8b9 -o methods.html
      directrix edit fashion-generator --index 3 --move f0c1d2:4:2.5 -o out.png
      directrix explain fashion-generator --index 9 \\
          -c fashion-classifier -f f0c1d2 --target sneaker
      directrix audit run fashion-classifier -g fashion-generator -f f0c1d2

    Data goes to standard output, messages to standard error.

    Exit codes: 0 done, 1 the operation failed, 2 bad usage or invalid input,
    3 unavailable (try again), 4 not found, 5 not with these credentials,
    130 interrupted.
    """
    context.obj = Session(endpoint, project, timeout, Credentials(token_file, ca, cert, key, tls))
