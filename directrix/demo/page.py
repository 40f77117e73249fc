"""index.html: one page that needs nothing but itself."""

import json
import shlex
from collections.abc import Sequence

from directrix.client.names import short
from directrix.demo import discoveries, films, sections, switches
from directrix.demo.story import Story
from directrix.pages.markup import Cell, document, table, text


def page(stories: Sequence[Story], seconds: float) -> str:
    """The whole document; seconds: how long all of it took."""
    parts = [_head(stories, seconds), *map(_world, stories), _repeat(stories), _digests(stories)]
    return document("Directrix: what moves the pictures", "".join(parts))


def _head(stories: Sequence[Story], seconds: float) -> Cell:
    asked = [each for story in stories for each in story.switches]
    found = sum(1 for each in asked if each.answer.status == "found")
    discovered = sum(len(story.discovered) for story in stories)
    strips = sum(len(story.films) for story in stories)
    contents = " &middot; ".join(
        f'<a href="#{story.subject.world.stem}">{text(story.subject.world.title)}</a>'
        for story in stories
    )
    return (
        "<header><h1>What moves the pictures</h1>"
        '<p class="lead">A generator makes pictures from points in a latent space. Directrix '
        "looks for directions in that space that mean something, edits pictures along them, and "
        "asks what the smallest meaningful change is that changes a classifier&rsquo;s mind.</p>"
        f"<p>This page was written by one run of the demonstration in {seconds:.0f} s, through the "
        f"public API only: {discovered} discoveries, {strips} filmstrips, and {len(asked)} "
        f"questions to a classifier, {found} of them answered with a counterfactual.</p>"
        f"<nav>{contents}</nav></header>"
    )


def _world(story: Story) -> Cell:
    world = story.subject.world
    parts = [
        f'<section id="{world.stem}"><h2>{text(world.title)}</h2>',
        f'<p class="lead">{text(world.about)}</p>',
        sections.methods(story),
        sections.filmstrips(story),
        sections.edits(story),
        sections.counterfactuals(story),
        "</section>",
    ]
    return "".join(parts)


def _repeat(stories: Sequence[Story]) -> Cell:
    lines = ["make demo", "", "# or, with the system up (make up), step by step:"]
    for story in stories:
        lines += _commands(story)
    return (
        "<h2>How to repeat it</h2><p>The same question with the same seed gives the same digests. "
        "A second run finds what is there and reuses it.</p>"
        f"<pre><code>{text(chr(10).join(lines))}</code></pre>"
    )


def _parameters(story: Story, method: str) -> str:
    """As the command line spells them: -P NAME=VALUE."""
    given = story.subject.world.methods[method].items()
    return "".join(f" -P {shlex.quote(f'{name}={json.dumps(value)}')}" for name, value in given)


def _commands(story: Story) -> list[str]:
    """The command line's spelling of what this story did."""
    subject = story.subject
    generator = subject.generator.id
    judges = " ".join(f"-p {model.id}" for model in subject.predictors)
    lines = [
        f"directrix discover run {d.method} -g {generator} {judges}{_parameters(story, d.method)} "
        f"--seed {discoveries.SEED} --samples {subject.world.samples}"
        for d in story.discovered
    ]
    lines += [f"directrix findings scorecard {short(story.discovered[0].finding_set)}"]
    for done in story.edits:
        lines.append(
            f"directrix edit {generator} --seed {films.SEED} --index {done.index} "
            f"--truncation {subject.truncation:g} \\\n    --move "
            f"{short(done.discovered.finding_set)}:{done.score.index}:{done.alpha:g} -o edit.png"
        )
    for switch in story.switches[:1]:
        lines.append(
            f"directrix explain {generator} --seed {switches.SEED} --index {switch.index} "
            f"--truncation {subject.truncation:g} \\\n    -c {subject.classifier.id} "
            f"-f {short(switch.discovered.finding_set)} --target {switch.target} -o flip.png"
        )
    return lines


def _digests(stories: Sequence[Story]) -> Cell:
    groups = [
        [[text(name), f'<span class="digest">{text(digest)}</span>'] for name, digest in rows]
        for rows in map(_named, stories)
    ]
    return f"<h2>Digests</h2>{table(('what', 'sha256'), groups)}"


def _named(story: Story) -> list[tuple[str, str]]:
    subject = story.subject
    models = (subject.generator, *subject.predictors, subject.oracle)
    named = [(model.id, model.digest) for model in models if model is not None]
    named += [(f"findings of {d.method}", d.digest) for d in story.discovered]
    named += [(f"edited sample {e.index}", e.after.digest) for e in story.edits]
    named += [
        (f"{s.source} to {s.target}, sample {s.index}", s.answer.image.digest)
        for s in story.switches
    ]
    return named
