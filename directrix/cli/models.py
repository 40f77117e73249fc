"""`directrix models`: generators, predictors and encoders of a project."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from directrix.cli import starting
from directrix.cli.exits import reporting
from directrix.cli.following import follow_if, show_result
from directrix.cli.foreign import import_onnx, import_remote
from directrix.cli.output import show_facts, show_json, show_table
from directrix.cli.session import Json, Seed, client_of
from directrix.client import Model

app = typer.Typer(no_args_is_help=True, help="Register models, list them, train encoders.")


app.command("import-onnx")(import_onnx)
app.command("import-remote")(import_remote)


@app.command("list")
def list_models(context: typer.Context, as_json: Json = False) -> None:
    """List the models of the project.

    Examples:

    \b
      directrix models list
      directrix models list --json
    """
    with reporting(as_json), client_of(context) as client:
        found = client.models()
        if as_json:
            show_json([asdict(model) for model in found])
            return
        rows = [(m.id, m.kind, m.digest[:12], m.card.get("title", "")) for m in found]
        show_table(("model", "kind", "digest", "title"), rows)


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The model's id.")],
    as_json: Json = False,
) -> None:
    """Show one model with its card.

    Examples:

    \b
      directrix models show fashion-generator
    """
    with reporting(as_json), client_of(context) as client:
        model = client.model(name)
        show_json(asdict(model)) if as_json else show_facts(_facts(model))


@app.command()
def register(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="Holds card.json and model.safetensors."),
    ],
    model_id: Annotated[
        str | None, typer.Option("--id", help="The new model's id (the card's name).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Register a model folder. The same model twice is the same resource.

    Examples:

    \b
      directrix models register directrix/zoo/models/fashion-generator
    """
    with reporting(as_json), client_of(context) as client:
        card = (folder / "card.json").read_text("utf-8")
        tensors = (folder / "model.safetensors").read_bytes()
        name = model_id or json.loads(card).get("name", "")
        model = client.register_model(name, card, tensors)
        show_json(asdict(model)) if as_json else print(model.name)


@app.command("train-encoder")
def train_encoder(
    context: typer.Context,
    generator: Annotated[str, typer.Argument(help="The generator's id.")],
    model_id: Annotated[str, typer.Option("--id", help="The new encoder's id.")],
    space: Annotated[str, typer.Option(help="z, w or w+ (w+ where there is one).")] = "",
    embedder: Annotated[str, typer.Option(help="A predictor whose features count too.")] = "",
    steps: Annotated[int, typer.Option(min=0, help="Of 16 images (6000).")] = 0,
    seed: Seed = 0,
    request_id: starting.RequestId = None,
    budget: starting.Budget = None,
    priority: starting.Priority = "normal",
    estimate: starting.EstimateOnly = False,
    wait: starting.Wait = True,
    as_json: Json = False,
) -> None:
    """Train an encoder of a generator, on pictures that the generator draws.

    Examples:

    \b
      directrix models train-encoder fashion-generator --id fashion-encoder
      directrix models train-encoder fashion-generator --id fashion-encoder \\
          --embedder fashion-oracle --no-wait

    Prints the name of the encoder, or with --no-wait that of the operation.
    Ctrl-C leaves the job running.
    """
    with reporting(as_json), client_of(context) as client:
        asked = (generator, model_id, space, embedder, steps)
        if estimate:
            starting.show_estimate(client.estimate_encoder(*asked), as_json)
            return
        limits = starting.limits(budget, priority)
        handle = client.train_encoder(*asked, seed, request_id, *limits)
        result = follow_if(wait, handle, as_json)
        if result is not None:
            show_result(handle.name, result, as_json)


def _facts(model: Model) -> dict[str, object]:
    facts: dict[str, object] = {"name": model.name, "kind": model.kind, "digest": model.digest}
    for key in ("title", "architecture", "training_data", "licence", "notes"):
        if model.card.get(key):
            facts[key] = model.card[key]
    if "spaces" in model.card:
        sizes = [(s["space"], s.get("layers", 1), s["dimension"]) for s in model.card["spaces"]]
        facts["spaces"] = ", ".join(
            f"{space} [{layers} x {size}]" if layers > 1 else f"{space} [{size}]"
            for space, layers, size in sizes
        )
    if model.scorers:
        facts["scorers"] = ", ".join(model.scorers)
    for metric in model.card.get("metrics", ()):
        facts[metric["name"]] = f"{metric['value']:g} ({metric['judge']})"
    return facts
