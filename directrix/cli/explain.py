"""`directrix explain`: what would have changed a classifier's mind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from directrix.cli.edit import STDOUT, RecipeFile, read, write
from directrix.cli.exits import reporting
from directrix.cli.output import show_facts, show_json, stderr
from directrix.cli.session import Json, Out, Seed, Truncation, client_of
from directrix.client import Explanation, ExplanationProgress, read_recipe, recipe_json
from directrix.client.sheets import Sheet

if TYPE_CHECKING:
    from directrix.types import MovedFinding


GeneratorId = Annotated[str | None, typer.Argument(help="The generator's id.")]
Classifier = Annotated[str, typer.Option("--classifier", "-c", help="Its id.")]
Findings = Annotated[
    str, typer.Option("--findings", "-f", help="The set to search, where findings move.")
]
Target = Annotated[str, typer.Option(help="The class to reach (any other).")]
Oracle = Annotated[str, typer.Option(help="An independent classifier to ask.")]
Index = Annotated[int, typer.Option(min=0, help="Which sample of the seed.")]
Probability = Annotated[
    float, typer.Option(min=0, max=0.999999, help="To reach for the target (the flip).")
]
MaxAlpha = Annotated[float, typer.Option(min=0, max=100, help="Farthest along one finding (6 SD).")]
Allow = Annotated[list[int] | None, typer.Option(min=0, help="A finding that may be moved (all).")]
Freeze = Annotated[list[int] | None, typer.Option(min=0, help="A finding that may not be moved.")]
Images = Annotated[int, typer.Option(min=0, help="Images to generate (2000).")]
Seconds = Annotated[float, typer.Option(min=0, max=3600, help="How long may be searched (no end).")]
ExplainerName = Annotated[
    str,
    typer.Option(
        help="sparse (the default), bisection or descent move findings; channels, "
        "gradient, gradient_w_plus, attfind or latent_descent the latent."
    ),
]
Holds = Annotated[
    list[str] | None,
    typer.Option(help="PREDICTOR/SCORER=SD: a score that must not change by more (0.5)."),
]
Alternatives = Annotated[int, typer.Option(min=0, max=8, help="Further answers.")]


def explain(
    context: typer.Context,
    generator: GeneratorId = None,
    classifier: Classifier = "",
    findings: Findings = "",
    target: Target = "",
    oracle: Oracle = "",
    seed: Seed = 0,
    index: Index = 0,
    truncation: Truncation = None,
    recipe: RecipeFile = None,
    probability: Probability = 0.0,
    max_alpha: MaxAlpha = 0.0,
    allow: Allow = None,
    freeze: Freeze = None,
    budget: Images = 0,
    seconds: Seconds = 0.0,
    explainer: ExplainerName = "",
    hold: Holds = None,
    alternatives: Alternatives = 0,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Find the smallest movement of findings, or of the latent, that flips a classifier.

    Examples:

    \b
      directrix explain fashion-generator --index 9 \\
          -c fashion-classifier -f f0c1d2 --target sneaker \\
          --oracle fashion-oracle -o flip.png
      directrix explain --recipe out.png -c fashion-classifier -f f0c1d2
      directrix explain fashion-generator --index 9 -c fashion-classifier \\
          --explainer channels

    "Not found" is an answer, with its cause and the best attempt, and exits
    with 0. The PNG shows the picture before, after, and the difference.
    """
    with reporting(as_json), client_of(context) as client:
        _check(generator, classifier, findings, explainer, recipe, out, as_json)
        if recipe is not None:
            made = read_recipe(read(recipe))
        else:
            made = client.recipe(generator or "", seed=seed, index=index, truncation=truncation)
        events = client.stream_explanation(
            made, classifier, findings, target=target, target_probability=probability,
            max_alpha=max_alpha, allowed=allow or (), frozen=freeze or (), oracle=oracle,
            budget=budget, seconds=seconds, explainer=explainer,
            hold=[*map(_held, hold or ())], alternatives=alternatives,
        )  # fmt: skip
        _tell(_last(events), out, as_json)


def _last(events: Iterator[ExplanationProgress | Explanation]) -> Explanation:
    """The answer; on a terminal with a line that tells how near it is."""
    console = stderr()
    with console.status("searching") as line:
        for event in events:
            if isinstance(event, Explanation):
                return event
            found = "an answer, being made smaller" if event.reached else "the nearest so far"
            line.update(f"{event.images} images; {found}: margin {event.margin:+.2f}")
    raise RuntimeError("the service ended an explanation without an answer")


def _held(text: str) -> tuple[str, str, float]:
    """`PREDICTOR[/SCORER][=SD]`."""
    name, _, tolerance = text.partition("=")
    predictor, _, scorer = name.partition("/")
    try:
        return predictor, scorer, float(tolerance or 0)
    except ValueError:
        raise typer.BadParameter(f"--hold {text}: after = comes a number of SD") from None


def _check(
    generator: str | None,
    classifier: str,
    findings: str,
    explainer: str,
    recipe: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    if (generator is None) == (recipe is None):
        raise typer.BadParameter("name a generator, or give --recipe")
    if not classifier:
        raise typer.BadParameter("give --classifier")
    if not (findings or explainer):
        raise typer.BadParameter("give --findings, or an --explainer that moves the latent")
    if out == STDOUT and as_json:
        raise typer.BadParameter("standard output takes the picture or JSON, not both")


def _tell(answer: Explanation, out: Path | None, as_json: bool) -> None:
    write(out, _sheet(answer).png(scale=6))
    if as_json:
        show_json(_document(answer))
    elif out != STDOUT:
        show_facts(_facts(answer))


def _sheet(answer: Explanation) -> Sheet:
    before = answer.original.image
    pictures = [answer, *answer.alternatives]
    rows = [(before, each.image.image, each.difference.image) for each in pictures]
    return Sheet(
        rows=tuple(rows),
        row_labels=("", *(f"other {i + 1}" for i in range(len(rows) - 1))),
        column_labels=(answer.source_class, answer.target_class, "difference"),
    )


def _facts(answer: Explanation) -> dict[str, object]:
    moved = ", ".join(_moved(each) for each in answer.moved)
    facts: dict[str, object] = {
        "answer": answer.sentence,
        "status": answer.status,
        "from": f"{answer.source_class} (margin {answer.margin_before:+.2f})",
        "to": f"{answer.target_class} (margin {answer.margin_after:+.2f})",
        "moved": moved or "nothing",
        "distance": f"{answer.distance_sd:.2f} SD, {answer.pixel_l1:.1f} grey levels a pixel",
        "probability": f"{answer.probability_before:.3f} -> {answer.probability_after:.3f}",
        "oracle agrees": "not asked" if answer.oracle_agrees is None else answer.oracle_agrees,
        **_verified(answer),
        "images": f"{answer.generator_calls} generated, {answer.classifier_calls} classified",
        "digest": answer.image.digest,
    }
    changed = ", ".join(f"{c.scorer} {c.change_sd:+.2f} SD" for c in answer.changes)
    facts |= {"also changed": changed} if changed else {}
    if answer.attribute_dependency_mean is not None:
        facts["on average"] = (
            f"{answer.attribute_dependency_mean:.2f} SD, at most "
            f"{answer.attribute_dependency_max:.2f} SD"
        )
    facts |= {f"other {i + 1}": other.sentence for i, other in enumerate(answer.alternatives)}
    return {**facts, "cause": answer.cause} if answer.cause else facts


def _verified(answer: Explanation) -> dict[str, object]:
    """What speaks for the answer, beside the classifier."""
    facts: dict[str, object] = {}
    if answer.views_agree is not None:
        facts["in other views"] = f"{answer.views_agree:.0%} of {answer.views} still the target"
    if answer.oracle_views_agree is not None:
        facts["oracle, other views"] = f"{answer.oracle_views_agree:.0%} the target"
    if answer.log_density_change is not None:
        facts["log density"] = f"{answer.log_density_change:+.2f} nats"
    return facts


def _moved(each: MovedFinding) -> str:
    name = f"finding {each.index}"
    if each.space is not None:
        name = (
            f"channel {each.channel} of {each.layer}"
            if each.layer
            else f"the latent in {each.space}"
        )
    told = f"{name} by {each.alpha:+.2f} SD"
    return told if each.contribution is None else f"{told} ({each.contribution:+.2f} logits)"


def _place(each: MovedFinding) -> dict[str, object]:
    """Of what is no finding."""
    if each.space is None:
        return {}
    return {"space": str(each.space), "layer": each.layer, "channel": each.channel}


def _document(answer: Explanation) -> dict[str, object]:
    same = (
        "cause source_class target_class margin_before margin_after probability_before "
        "probability_after oracle_agrees distance_sd pixel_l1 generator_calls classifier_calls "
        "reconstruction_error reconstruction_label_kept sentence attribute_dependency_mean "
        "attribute_dependency_max log_density_change views views_agree oracle_views_agree"
    )
    return {
        "status": str(answer.status),
        **{name: getattr(answer, name) for name in same.split()},
        "moved": [
            {"index": m.index, "alpha": m.alpha, "contribution": m.contribution, **_place(m)}
            for m in answer.moved
        ],
        "changes": [vars(change) for change in answer.changes],
        "alternatives": [_document(other) for other in answer.alternatives],
        "curve": [{"distance_sd": p.distance, "margin": p.margin} for p in answer.curve],
        "original": answer.original.digest,
        "image": answer.image.digest,
        "recipe": json.loads(recipe_json(answer.recipe)),
    }
