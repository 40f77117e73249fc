"""`python -m directrix.demo`: registers, discovers, edits, explains, and writes a page of it."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from directrix.cli.following import follow
from directrix.cli.output import stdout
from directrix.client import TARGET, ApiError, Client, png_with_recipe
from directrix.demo import films, switches, table
from directrix.demo.discoveries import Discovered, discover
from directrix.demo.page import page
from directrix.demo.story import Story
from directrix.demo.subjects import Subject, register
from directrix.demo.summary import summary
from directrix.pages import comparison

MODELS = (Path("directrix/zoo/models"), Path("build/models"))
"""The bundled models, and those that were built or fetched on this machine."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    console = Console(stderr=True)
    try:
        with Client(options.endpoint) as client:
            run(client, options.models, options.out, console)
    except ApiError as error:
        console.print(f"the demonstration failed: {error}", style="red", markup=False)
        return 1
    return 0


def run(client: Client, models: Sequence[Path], out: Path, console: Console) -> None:
    """The whole demonstration. Raises ApiError; writes index.html, a comparison of methods for
    every world, pictures and summary.json."""
    started = time.monotonic()
    pictures: list[Path] = []
    stories, compared = [], []
    for subject in register(client, models):
        story = _tell(client, subject, console)
        stories.append(story)
        pictures += _draw(story, out / "pictures")
        with _working(console, "a comparison"):
            compared.append(_compare(client, story, out))
    if not stories:
        raise SystemExit(f"no world's models under {', '.join(map(str, models))}")
    seconds = time.monotonic() - started
    (out / "index.html").write_text(page(stories, seconds), "utf-8")
    facts = summary(
        seconds,
        [each for story in stories for each in story.discovered],
        [each for story in stories for each in story.edits],
        [each for story in stories for each in story.switches],
        pictures,
        compared,
    )
    (out / "summary.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    console.print(f"{out / 'index.html'} tells the story; it took {seconds:.0f} s", markup=False)


def _tell(client: Client, subject: Subject, console: Console) -> Story:
    judges = ", ".join(model.id for model in subject.predictors)
    console.print(f"generator {subject.generator.id}, judged by {judges}")
    discovered = [_discover(client, subject, name, console) for name in subject.world.methods]
    table.show(stdout(), discovered)
    with _working(console, "filmstrips"):
        shot = [film for each in discovered for film in films.shoot(client, each)]
    fit = next(each for each in discovered if each.method == "interfacegan")
    with _working(console, "an edit"):
        edits = [films.edit(client, fit)] if fit.best(1) else []
    with _working(console, "counterfactuals"):
        answers = switches.explain(client, fit)
    for each in answers:
        console.print(
            f"{each.source} -> {each.target}, sample {each.index}: {each.answer.status}, "
            f"{len(each.answer.moved)} directions moved, oracle {each.answer.oracle_agrees}",
            highlight=False,
        )
    return Story(subject, discovered, shot, edits, answers)


def _discover(client: Client, subject: Subject, method: str, console: Console) -> Discovered:
    console.print(f"[bold]{method}[/bold]", end=" ")
    found = discover(client, subject, method, lambda _, handle: follow(handle, as_json=False))
    reused = ", as found before" if found.reused else ""
    console.print(f"{found.count} findings in {found.seconds:.1f} s{reused}", highlight=False)
    return found


def _working(console: Console, what: str) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    progress.add_task(what, total=None)
    return progress


def _draw(story: Story, folder: Path) -> list[Path]:
    """Sheets and pictures as PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = story.subject.world.stem
    drawn = {f"{stem}-{film.name}.png": film.sheet().png() for film in story.films}
    for each in story.edits:
        drawn[f"{stem}-edited.png"] = png_with_recipe(each.after, each.recipe)
    for pair in dict.fromkeys((s.source, s.target) for s in story.switches):
        answers = [s for s in story.switches if (s.source, s.target) == pair]
        drawn[f"{stem}-{pair[0]}-to-{pair[1]}.png"] = switches.sheet(answers).png(scale=4)
    for name, data in drawn.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in drawn]


def _compare(client: Client, story: Story, out: Path) -> Path:
    """A page of its own: all methods of a world beside one another, with pictures."""
    found = client.compare(*(each.finding_set for each in story.discovered))
    shot = comparison.shoot(client, story.subject.generator.name, found)
    path = out / f"comparison-{story.subject.world.stem}.html"
    path.write_text(comparison.page(found, shot, story.subject.world.title), "utf-8")
    return path


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m directrix.demo", description=__doc__)
    endpoint = os.environ.get("DIRECTRIX_ENDPOINT", TARGET)
    parser.add_argument("--endpoint", default=endpoint, help="where the gateway listens")
    parser.add_argument("--models", type=Path, nargs="+", default=list(MODELS))
    parser.add_argument("--out", type=Path, default=Path("build/demo"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
