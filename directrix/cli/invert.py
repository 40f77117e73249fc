"""`directrix invert`: the latent of a picture, and how true it is."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from directrix.cli.edit import STDOUT, read, write
from directrix.cli.exits import reporting
from directrix.cli.output import say, show_facts, show_json
from directrix.cli.session import Json, Out, client_of
from directrix.client import Inversion
from directrix.client.names import short


def invert(
    context: typer.Context,
    generator: Annotated[str, typer.Argument(help="The generator's id.")],
    image: Annotated[Path, typer.Argument(help="The picture, of its size; - is standard input.")],
    space: Annotated[str, typer.Option(help="z, w or w+ (w+ where there is one).")] = "",
    steps: Annotated[int, typer.Option(min=0, max=2000, help="Of the search (200).")] = 0,
    encoder: Annotated[str, typer.Option(help="An encoder that says where to start.")] = "",
    encoder_only: Annotated[bool, typer.Option(help="Take what it says as it is.")] = False,
    embedder: Annotated[str, typer.Option(help="A predictor whose features count too.")] = "",
    noise: Annotated[bool, typer.Option(help="Optimise the noise inputs as well.")] = False,
    classifier: Annotated[
        list[str] | None,
        typer.Option("--classifier", "-c", help="Does it still say the same? Repeatable."),
    ] = None,
    latent: Annotated[Path | None, typer.Option(help="npy file for the latent.")] = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Find the latent of a picture; -o writes what the generator makes of it.

    Examples:

    \b
      directrix invert fashion-generator boot.png -c fashion-classifier -o again.png
      directrix invert fashion-generator boot.png --encoder fashion-encoder \\
          --embedder fashion-oracle --latent boot.npy
      directrix invert fashion-generator boot.png --encoder fashion-encoder \\
          --encoder-only --json
    """
    with reporting(as_json), client_of(context) as client:
        if out == STDOUT and as_json:
            raise typer.BadParameter("standard output takes the picture or JSON, not both")
        found = client.invert(
            generator, read(image), space, steps, encoder, encoder_only, embedder, noise,
            classifier or (),
        )  # fmt: skip
        write(out, found.reconstruction.png)
        if latent is not None:
            np.save(latent, found.latent.values[0], allow_pickle=False)
            say(f"wrote {latent}")
        facts = _facts(found)
        if as_json:
            show_json(facts)
        elif out != STDOUT:
            show_facts(facts)


def _facts(found: Inversion) -> dict[str, object]:
    facts: dict[str, object] = {
        "space": str(found.latent.space),
        "error": found.error,
        "digest": found.reconstruction.digest,
    }
    if found.noise_error is not None:
        facts["noise_error"] = found.noise_error
    for verdict in found.verdicts:
        same = "kept" if verdict.label_kept else f"now {verdict.reconstruction_label}"
        facts[short(verdict.classifier)] = f"{verdict.label}, {same}"
    return facts
