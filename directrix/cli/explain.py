"""`directrix explain`: what would have changed a classifier's mind."""

import json
from pathlib import Path
from typing import Annotated

import typer

from directrix.cli.edit import STDOUT, RecipeFile, read, write
from directrix.cli.exits import reporting
from directrix.cli.output import show_facts, show_json
from directrix.cli.session import Json, Out, Seed, Truncation, client_of
from directrix.client import Explanation, read_recipe, recipe_json
from directrix.client.sheets import Sheet, difference


def explain(
    context: typer.Context,
    generator: Annotated[str | None, typer.Argument(help="The generator's id.")] = None,
    classifier: Annotated[str, typer.Option("--classifier", "-c", help="Its id.")] = "",
    findings: Annotated[
        str, typer.Option("--findings", "-f", help="The finding set to search.")
    ] = "",
    target: Annotated[str, typer.Option(help="The class to reach (any other).")] = "",
    oracle: Annotated[str, typer.Option(help="An independent classifier to ask.")] = "",
    seed: Seed = 0,
    index: Annotated[int, typer.Option(min=0, help="Which sample of the seed.")] = 0,
    truncation: Truncation = None,
    recipe: RecipeFile = None,
    probability: Annotated[
        float, typer.Option(min=0, max=0.999999, help="To reach for the target (the flip).")
    ] = 0.0,
    max_alpha: Annotated[
        float, typer.Option(min=0, max=100, help="Farthest along one finding (6 SD).")
    ] = 0.0,
    allow: Annotated[
        list[int] | None, typer.Option(min=0, help="A finding that may be moved (all).")
    ] = None,
    budget: Annotated[int, typer.Option(min=0, help="Images to generate (2000).")] = 0,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Find the smallest movement inside a finding set that flips a classifier.

    Examples:

    \b
      directrix explain fashion-generator --index 9 \\
          -c fashion-classifier -f f0c1d2 --target sneaker \\
          --oracle fashion-oracle -o flip.png
      directrix explain --recipe out.png -c fashion-classifier -f f0c1d2

    "Not found" is an answer, with its cause and the best attempt, and exits
    with 0. The PNG shows the picture before, after, and the difference.
    """
    with reporting(as_json), client_of(context) as client:
        _check(generator, classifier, findings, recipe, out, as_json)
        if recipe is not None:
            message = read_recipe(read(recipe))
        else:
            message = client.recipe(generator or "", seed=seed, index=index, truncation=truncation)
        answer = client.explain(
            message, classifier, findings, target=target, target_probability=probability,
            max_alpha=max_alpha, allowed=allow or (), oracle=oracle, budget=budget,
        )  # fmt: skip
        _tell(answer, out, as_json)


def _check(
    generator: str | None,
    classifier: str,
    findings: str,
    recipe: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    if (generator is None) == (recipe is None):
        raise typer.BadParameter("name a generator, or give --recipe")
    if not (classifier and findings):
        raise typer.BadParameter("give --classifier and --findings")
    if out == STDOUT and as_json:
        raise typer.BadParameter("standard output takes the picture or JSON, not both")


def _tell(answer: Explanation, out: Path | None, as_json: bool) -> None:
    write(out, _sheet(answer).png(scale=6))
    if as_json:
        show_json(_document(answer))
    elif out != STDOUT:
        show_facts(_facts(answer))


def _sheet(answer: Explanation) -> Sheet:
    before, after = answer.original.image, answer.image.image
    return Sheet(
        rows=((before, after, difference(before, after)),),
        row_labels=("",),
        column_labels=(answer.source_class, answer.target_class, "difference"),
    )


def _facts(answer: Explanation) -> dict[str, object]:
    moved = ", ".join(f"finding {m.index} by {m.alpha:+.2f} SD" for m in answer.moved)
    facts: dict[str, object] = {
        "status": answer.status,
        "from": f"{answer.source_class} (margin {answer.margin_before:+.2f})",
        "to": f"{answer.target_class} (margin {answer.margin_after:+.2f})",
        "moved": moved or "nothing",
        "distance": f"{answer.distance_sd:.2f} SD, {answer.pixel_l1:.1f} grey levels a pixel",
        "probability": f"{answer.probability_before:.3f} -> {answer.probability_after:.3f}",
        "oracle agrees": "not asked" if answer.oracle_agrees is None else answer.oracle_agrees,
        "images": f"{answer.generator_calls} generated, {answer.classifier_calls} classified",
        "digest": answer.image.digest,
    }
    return {**facts, "cause": answer.cause} if answer.cause else facts


def _document(answer: Explanation) -> dict[str, object]:
    same = (
        "cause source_class target_class margin_before margin_after probability_before "
        "probability_after oracle_agrees distance_sd pixel_l1 generator_calls classifier_calls "
        "reconstruction_error reconstruction_label_kept"
    )
    return {
        "status": str(answer.status),
        **{name: getattr(answer, name) for name in same.split()},
        "moved": [{"index": m.index, "alpha": m.alpha} for m in answer.moved],
        "curve": [{"distance_sd": p.distance, "margin": p.margin} for p in answer.curve],
        "original": answer.original.digest,
        "image": answer.image.digest,
        "recipe": json.loads(recipe_json(answer.recipe)),
    }
