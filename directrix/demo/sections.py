"""The sections of the page: what was found, films, the edit, counterfactuals."""

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from directrix.client import encode_png
from directrix.demo.discoveries import Discovered
from directrix.demo.films import ALPHAS, INDICES, Edit, Film
from directrix.demo.story import Story
from directrix.demo.switches import Switch
from directrix.pages.markup import Cell, curve, heat, picture, table, text
from directrix.wire.differences import difference

if TYPE_CHECKING:
    from directrix.client import Edited
    from directrix.types import MovedFinding

TOP = 5
ABOUT = {
    "sefa": "reads the directions off the generator's first weights; it looks at no picture",
    "interfacegan": "separates the latents of a scored population, one class at a time",
    "intervention": "moves single coordinates and keeps those that the classifier answers to",
}
STATUS = {"found": "found", "not_found": "not found", "already_target": "already the target"}
NOW = ' class="now"'


def methods(story: Story) -> Cell:
    groups = []
    for each in story.discovered:
        best = each.best(TOP)
        groups.append([_method_row(each, i) for i in range(len(best))])
    head = (
        *("method", ">finding", "raises", ">effect", "95 % interval"),
        *(">side effect", ">monotone", ">seconds"),
    )
    card = story.discovered[0].scorecard
    scorers = [ref.scorer for ref in card.scorers]
    rows = [
        (f"{text(each.method)} {s.index}", s.effects_sd)
        for each in story.discovered
        for s in each.best(3)
    ]
    about = "; ".join(f"<b>{name}</b> {text(ABOUT[name])}" for name in story.subject.world.methods)
    floors = ", ".join(f"{e.scorecard.random_floor_sd:.2f}" for e in story.discovered)
    return (
        "<h3>What was found</h3>"
        f"<p>Every finding is judged alike, on {card.samples} latents that no method has seen. "
        "<b>Effect</b>: the mean change of a score when the latent moves from "
        f"{card.alphas[0]:g} to {card.alphas[-1]:+g} SD, in SD of that score. <b>Side effect</b>: "
        "the largest change of any other score over the same move. <b>Monotone</b>: the share of "
        f"latents whose score rises at every step. Random directions reach {floors} SD in the "
        "methods&rsquo; spaces; findings below that are left out.</p>"
        f"{table(head, groups)}"
        f"<p>{about}.</p>"
        "<h4>What each direction does to every score</h4>"
        f"{heat(rows, scorers)}"
        "<p>Mean change of each score over the whole move, in SD. Few directions move one thing "
        "alone.</p>"
    )


def _method_row(each: Discovered, place: int) -> list[Cell]:
    score = each.best(TOP)[place]
    low, high = score.interval_sd
    return [
        f"<b>{text(each.method)}</b>" if place == 0 else "",
        text(score.index),
        text(score.target),
        f"{score.effect_sd:.2f} SD",
        f"{low:.2f} to {high:.2f}",
        f"{score.side_effect_sd:.2f} SD",
        f"{score.monotonicity:.0%}",
        f"{each.seconds:.1f}" if place == 0 else "",
    ]


def filmstrips(story: Story) -> Cell:
    parts = [
        "<h3>Following the findings</h3>"
        f"<p>The same {len(INDICES)} samples, moved along the best findings of each method. The "
        "framed column is the picture as it is; to the right the named score rises.</p>"
    ]
    for method, group in groupby(story.films, key=lambda film: film.discovered.method):
        parts.append(f"<h4>{text(method)}</h4>")
        parts += [_film(film) for film in group]
    return "".join(parts)


def _film(film: Film) -> Cell:
    score = film.score
    names = "".join(f"<th>{a:+g} SD</th>" if a else "<th>as it is</th>" for a in ALPHAS)
    rows = []
    for index, strip in zip(INDICES, film.strips, strict=True):
        cells = "".join(
            f"<td{'' if a else NOW}>"
            + picture(frame.png, 84, f"sample {index} moved by {a:+g} SD")
            + "</td>"
            for a, frame in zip(ALPHAS, strip.frames, strict=True)
        )
        rows.append(f'<tr><th class="row">#{index}</th>{cells}</tr>')
    return (
        f'<figure><div class="wide"><table class="strip"><tr><td></td>{names}</tr>'
        f"{''.join(rows)}</table></div><figcaption><b>Finding {score.index} raises "
        f"&ldquo;{text(score.target)}&rdquo;</b> by {score.effect_sd:.2f} SD over the whole "
        f"strip; the strongest side effect is {score.side_effect_sd:.2f} SD.</figcaption></figure>"
    )


def edits(story: Story) -> Cell:
    parts = ["<h3>One edit</h3>"]
    for each in story.edits:
        before, after = each.before, each.after
        changed = encode_png(difference(before.image, after.image))
        same = "the same bytes" if each.repeats else "DIFFERENT bytes"
        was, now = (_said(each, edited) for edited in (before, after))
        parts.append(
            '<figure><div class="pair">'
            f'<div class="cell">{picture(before.png, 168, "before")}before: {text(was)}</div>'
            f'<div class="cell">{picture(after.png, 168, "after")}after: {text(now)}</div>'
            f'<div class="cell">{picture(changed, 168, "difference")}brighter or darker</div></div>'
            f"<figcaption>Sample {each.index} moved by {each.alpha:+g} SD along finding "
            f"{each.score.index} of {text(each.discovered.method)}, which raises "
            f"&ldquo;{text(each.score.target)}&rdquo;; below the pictures stands what "
            f"{text(each.discovered.subject.classifier.id)} says. "
            f"Rendered twice, the recipe gave {same}.</figcaption></figure>"
        )
    return "".join(parts)


def _said(edit: Edit, edited: "Edited") -> str:
    """The class that the first judge names, or the value of what the edit is about."""
    classifier, target = edit.discovered.subject.classifier, edit.score.target
    if classifier.card.get("task") == "classifier":
        return _first(edited.scores[classifier.name])
    return next(
        (
            f"{target} {scores[target]:+.2f}"
            for scores in edited.scores.values()
            if target in scores
        ),
        _first(edited.scores[classifier.name]),
    )


def _first(scores: Mapping[str, float]) -> str:
    return max(scores, key=scores.__getitem__)


def counterfactuals(story: Story) -> Cell:
    if not story.switches:
        return ""
    method = story.switches[0].discovered.method
    parts = [
        "<h3>What would have changed its mind?</h3>"
        "<p>For the first pictures that the classifier and an independent oracle call by the same "
        f"name, the smallest movement inside the findings of {text(method)} that makes the "
        "classifier say something else. Every question that was asked is shown. The curve is the "
        "classifier&rsquo;s margin for the new class along the way: it flips where the curve "
        "crosses the dashed line.</p>"
    ]
    for (source, target), group in groupby(story.switches, key=lambda s: (s.source, s.target)):
        parts.append(f"<h4>{text(source)} &rarr; {text(target)}</h4>")
        parts += [_switch(each) for each in group]
    return "".join(parts)


def _moved(discovered: Discovered, moved: "MovedFinding") -> str:
    hint = discovered.hints[moved.index] if discovered.hints else ""
    name = f"finding {moved.index} ({hint})" if hint else f"finding {moved.index}"
    return f"{name} by {moved.alpha:+.2f} SD"


def _switch(each: Switch) -> Cell:
    answer = each.answer
    changed = encode_png(difference(answer.original.image, answer.image.image))
    moved = ", ".join(_moved(each.discovered, m) for m in answer.moved) or "nothing"
    oracle = {True: "agrees", False: "does not agree", None: "was not asked"}
    after = "after" if answer.status == "found" else "best attempt"
    cause = f"<p>{text(answer.cause)}</p>" if answer.cause else ""
    return (
        '<div class="answer"><div class="pair">'
        f'<div class="cell">{picture(answer.original.png, 112, "before")}{text(each.source)}</div>'
        f'<div class="cell">{picture(answer.image.png, 112, after)}{after}</div>'
        f'<div class="cell">{picture(changed, 112, "difference")}difference</div></div>'
        '<div class="facts">'
        f'<p><span class="tag {answer.status}">{STATUS[answer.status]}</span> sample {each.index}'
        f"</p>{cause}<p>Moved: {text(moved)}</p>"
        f"<p>&ldquo;{text(each.target)}&rdquo;: {answer.probability_before:.1%} &rarr; "
        f"{answer.probability_after:.1%}</p>"
        f"<p>The oracle {oracle[answer.oracle_agrees]}.</p>"
        f"<p>{answer.pixel_l1:.1f} grey levels a pixel, {answer.generator_calls} pictures "
        f"tried</p></div>{curve(answer)}</div>"
    )
