"""`directrix edit` and `directrix strip`: one picture, or a sheet of them."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from directrix.cli import arguments
from directrix.cli.exits import reporting
from directrix.cli.output import say, show_json, show_table
from directrix.cli.session import Json, Out, Predictors, Seed, Truncation, client_of
from directrix.client import Edited, png_with_recipe, read_recipe, recipe_json
from directrix.client.names import short
from directrix.client.sheets import Sheet

Generator = Annotated[str | None, typer.Argument(help="The generator's id.")]
Moves = Annotated[
    list[str] | None,
    typer.Option(
        "--move",
        "-m",
        help="SET:INDEX:ALPHA, in SD, or SET:INDEX:raise=SD of its target; repeatable.",
    ),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option("--recipe", help="A JSON file, or a PNG that 'edit' wrote; - is standard input."),
]
STDOUT = Path("-")


def edit(
    context: typer.Context,
    generator: Generator = None,
    seed: Seed = 0,
    index: Annotated[int, typer.Option(min=0, help="Which sample of the seed.")] = 0,
    truncation: Truncation = None,
    move: Moves = None,
    image: Annotated[
        Path | None, typer.Option(help="Start from this picture instead of a seed.")
    ] = None,
    encoder: Annotated[str, typer.Option(help="Says where its inversion starts.")] = "",
    embedder: Annotated[str, typer.Option(help="A predictor whose features count in it.")] = "",
    recipe: RecipeFile = None,
    predictor: Predictors = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Render one picture, moved along findings.

    Examples:

    \b
      directrix edit fashion-generator --seed 7 --index 3 -o out.png
      directrix edit fashion-generator --index 3 --truncation 0.7 \\
          --move f0c1d2:4:2.5 --move f0c1d2:0:-1 -o out.png
      directrix edit fashion-generator --move f0c1d2:4:raise=1.5 -o out.png
      directrix edit --recipe out.png --move f0c1d2:4:1 -o further.png
      directrix edit fashion-generator --index 3 -o - | display

    The PNG says in a text chunk ("directrix-recipe") how to make it again.
    Scores go to standard output, or to standard error where the picture
    goes there.
    """
    with reporting(as_json), client_of(context) as client:
        _check_out(out, as_json)
        moves = [arguments.move(text) for text in move or ()]
        if recipe is not None:
            if generator or image:
                raise typer.BadParameter("--recipe names generator and source already")
            message = read_recipe(read(recipe))
            message.moves.extend(client.recipe(message.generator, moves=moves).moves)
        elif generator:
            if image is None:
                message = client.recipe(
                    generator, seed=seed, index=index, truncation=truncation, moves=moves
                )
            else:
                message = client.recipe(
                    generator, image=image.read_bytes(), encoder=encoder, embedder=embedder,
                    truncation=truncation, moves=moves,
                )  # fmt: skip
        else:
            raise typer.BadParameter("name a generator, or give --recipe")
        edited = client.edit(message, predictor or ())
        write(out, png_with_recipe(edited, edited.recipe))
        _tell(edited, out, as_json)


def strip(
    context: typer.Context,
    generator: Annotated[str, typer.Argument(help="The generator's id.")],
    finding: Annotated[str, typer.Argument(help="SET:INDEX.")],
    alphas: Annotated[str, typer.Option(help="The strengths, in SD.")] = "-3,-2,-1,0,1,2,3",
    seed: Seed = 0,
    index: Annotated[
        list[int] | None, typer.Option(min=0, help="A sample; one row each (0, 1, 2, 3).")
    ] = None,
    truncation: Truncation = None,
    predictor: Predictors = None,
    scale: Annotated[int, typer.Option(min=1, max=16, help="Pixels a pixel.")] = 3,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Render samples at several strengths of one finding, as one sheet.

    Examples:

    \b
      directrix strip fashion-generator f0c1d2:4 -o strip.png
      directrix strip fashion-generator f0c1d2:4 --alphas -3,0,3 \\
          --index 5 --index 9 -o strip.png
      directrix strip fashion-generator f0c1d2:4 -p fashion-classifier --json
    """
    with reporting(as_json), client_of(context) as client:
        _check_out(out, as_json)
        steps, which = arguments.strengths(alphas), arguments.finding(finding)
        indices = index or [0, 1, 2, 3]
        strips = [
            client.filmstrip(
                generator, which, steps, predictor or (), seed=seed, index=i, truncation=truncation
            )
            for i in indices
        ]
        sheet = Sheet(
            rows=tuple(tuple(frame.image for frame in strip.frames) for strip in strips),
            row_labels=tuple(f"#{i}" for i in indices),
            column_labels=tuple(f"{alpha:+g} SD" if alpha else "0" for alpha in steps),
        )
        write(out, sheet.png(scale))
        if as_json:
            show_json([_frames(i, s.frames) for i, s in zip(indices, strips, strict=True)])


def _check_out(out: Path | None, as_json: bool) -> None:
    if out is None and not as_json:
        raise typer.BadParameter("say where the picture goes: -o out.png, or -o - for the pipe")
    if out == STDOUT and as_json:
        raise typer.BadParameter("standard output takes the picture or JSON, not both")


def read(path: Path) -> bytes:
    """A file, or standard input for -."""
    return sys.stdin.buffer.read() if path == STDOUT else path.read_bytes()


def write(out: Path | None, data: bytes) -> None:
    """A file, standard output for -, nowhere for None."""
    if out == STDOUT:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    elif out is not None:
        out.write_bytes(data)
        say(f"wrote {out}")


def _tell(edited: Edited, out: Path | None, as_json: bool) -> None:
    if as_json:
        recipe = json.loads(recipe_json(edited.recipe))
        path = None if out is None else str(out)
        show_json({"digest": edited.digest, "scores": edited.scores, "out": path, "recipe": recipe})
        return
    say(f"digest {edited.digest}")
    rows = [
        (short(predictor), scorer, f"{value:+.3f}")
        for predictor, values in edited.scores.items()
        for scorer, value in sorted(values.items(), key=lambda each: -each[1])
    ]
    if rows and out == STDOUT:
        say("\n".join(" ".join(row) for row in rows))
    elif rows:
        show_table(("predictor", "scorer", ">score"), rows)


def _frames(index: int, frames: tuple) -> dict[str, object]:
    entries = [{"alpha": f.alpha, "digest": f.digest, "scores": f.scores} for f in frames]
    return {"index": index, "frames": entries}
