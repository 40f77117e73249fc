"""What the log of a worker says about one job: the units of work that it began, in order.

Units are shards of populations and of scorecards, which are logged as they begin, and the pieces
of a fit, which are logged as their checkpoint is stored.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_EVENT = re.compile(r"^(\S+): (?:computing (.+)|fit checkpoint)$")
FIT, SCORECARD = "fit", "scorecard"


@dataclass(frozen=True)
class Event:
    """place: of the line, in bytes from the beginning of the log; seconds: since some moment.

    unit: "population shard 0+1024", "card shard 3", or "fit 0", "fit 1", ... by their number.
    """

    place: int
    seconds: float
    unit: str

    @property
    def is_checkpoint(self) -> bool:
        return self.unit.startswith(FIT)


def events(log: Path, job: str) -> list[Event]:
    """Of the job with this resource name. A last line that is not whole yet is left out."""
    found: list[Event] = []
    place = fits = 0
    for line in log.read_bytes().splitlines(keepends=True):
        said = _said(line)
        match = _EVENT.match(said.get("event", ""))
        if match and match[1] == job:
            moment = datetime.fromisoformat(said["ts"])
            unit = match[2] or f"{FIT} {fits}"
            fits += not match[2]
            found.append(Event(place, moment.timestamp(), unit))
        place += len(line)
    return found


def _said(line: bytes) -> dict[str, str]:
    """Empty for what is no whole line of ours."""
    if not (line.startswith(b"{") and line.endswith(b"\n")):
        return {}
    return json.loads(line)


def first_checkpoint(found: Sequence[Event]) -> int:
    """The number of the event before which something of the fit was stored for the first time.

    A fit that stores nothing on its way is stored as a whole before the scorecard begins. Raises
    ValueError where neither is there.
    """
    for number, event in enumerate(found):
        if event.is_checkpoint or event.unit.startswith(SCORECARD):
            return number
    raise ValueError("nothing of the fit was stored")


def first_places(found: Sequence[Event]) -> dict[str, int]:
    """Where each unit of work was logged for the first time."""
    places: dict[str, int] = {}
    for event in found:
        places.setdefault(event.unit, event.place)
    return places


def begun_again(found: Sequence[Event], kills: Sequence[int]) -> list[int]:
    """For each kill, how many shards were begun after it that had been begun before it.

    kills: the length of the log, in bytes, at each of them.
    """
    counts = []
    for kill, following in zip(kills, [*kills[1:], None], strict=True):
        before = {event.unit for event in found if event.place < kill}
        after = {
            event.unit
            for event in found
            if event.place >= kill and (following is None or event.place < following)
        }
        counts.append(len(before & after))
    return counts


def pieces_of_fit(found: Sequence[Event]) -> int:
    """How many checkpoints a fit stored; more than undisturbed: some were computed again."""
    return sum(event.is_checkpoint for event in found)


def units_recomputed(found: Sequence[Event], kills: Sequence[int], pieces: int) -> list[int]:
    """For each kill, how many units of work were computed again because of it.

    pieces: how many the fit has. The one that was under way is computed again where a checkpoint
    is the first thing after a kill. A piece stored twice counts for every such kill.
    """
    twice = max(0, pieces_of_fit(found) - pieces)
    counts = []
    for kill, shards in zip(kills, begun_again(found, kills), strict=True):
        following = next((event for event in found if event.place >= kill), None)
        within = following is not None and following.is_checkpoint
        counts.append(shards + within * (1 + twice))
    return counts
