"""What one run of the demonstration has to tell of one world."""

from collections.abc import Sequence
from dataclasses import dataclass

from directrix.demo.discoveries import Discovered
from directrix.demo.films import Edit, Film
from directrix.demo.subjects import Subject
from directrix.demo.switches import Switch


@dataclass(frozen=True, eq=False)
class Story:
    """All that the page tells of a subject."""

    subject: Subject
    discovered: Sequence[Discovered]
    films: Sequence[Film]
    edits: Sequence[Edit]
    switches: Sequence[Switch]
