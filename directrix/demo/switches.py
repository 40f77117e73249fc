"""Counterfactuals: the first pictures that all judges call by one name, asked to be another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from directrix.client import Client, Edited, Explanation
from directrix.client.sheets import Sheet
from directrix.demo.discoveries import Discovered
from directrix.demo.subjects import Subject
from directrix.wire.differences import difference

SEED = 11
EACH = 3
"""Pictures a question. All of them are reported, found or not."""
SEARCHED = 1024
CHUNK = 64


@dataclass(frozen=True, eq=False)
class Switch:
    """One answer to "what would have made it say `target`?"."""

    discovered: Discovered
    source: str
    target: str
    index: int
    answer: Explanation


def explain(client: Client, discovered: Discovered) -> list[Switch]:
    """All questions about one generator, inside one finding set."""
    subject = discovered.subject
    wanted = {source: EACH for source, _ in subject.world.switches}
    if not wanted:
        return []
    sources = _sources(client, subject, wanted)
    return [
        Switch(discovered, source, target, index, _ask(client, discovered, index, target))
        for source, target in subject.world.switches
        for index in sources[source]
    ]


def sheet(switches: list[Switch]) -> Sheet:
    """One row an answer: before, after, difference."""
    rows = []
    for switch in switches:
        before, after = switch.answer.original.image, switch.answer.image.image
        rows.append((_coloured(before), _coloured(after), difference(before, after)))
    first = switches[0]
    return Sheet(
        rows=tuple(rows),
        row_labels=tuple(_label(switch) for switch in switches),
        column_labels=(first.source, first.target, "difference"),
    )


def _label(switch: Switch) -> str:
    missed = switch.answer.status != "found"
    return f"#{switch.index}, not found" if missed else f"#{switch.index}"


def _ask(client: Client, discovered: Discovered, index: int, target: str) -> Explanation:
    subject = discovered.subject
    return client.explain(
        subject.generator.name,
        subject.classifier.name,
        discovered.finding_set,
        target=target,
        oracle=subject.oracle.name if subject.oracle else "",
        seed=SEED,
        index=index,
        truncation=subject.truncation,
    )


def _sources(client: Client, subject: Subject, wanted: dict[str, int]) -> dict[str, list[int]]:
    """The first samples, in order, that classifier and oracle both call by the wanted names."""
    found: dict[str, list[int]] = {name: [] for name in wanted}
    for index, edited in _samples(client, subject):
        names = {max(values, key=values.__getitem__) for values in edited.scores.values()}
        if len(names) == 1 and (name := names.pop()) in found and len(found[name]) < wanted[name]:
            found[name].append(index)
        if all(len(found[name]) == count for name, count in wanted.items()):
            break
    return found


def _samples(client: Client, subject: Subject) -> Iterator[tuple[int, Edited]]:
    def scored(index: int) -> Edited:
        return client.edit(
            subject.generator.name,
            subject.judges,
            encoding="raw",
            seed=SEED,
            index=index,
            truncation=subject.truncation,
        )

    with ThreadPoolExecutor(16) as threads:
        for start in range(0, SEARCHED, CHUNK):
            indices = range(start, start + CHUNK)
            yield from zip(indices, threads.map(scored, indices), strict=True)


def _coloured(image: np.ndarray) -> np.ndarray:
    return image.repeat(3, axis=2) if image.shape[2] == 1 else image
