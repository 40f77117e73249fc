"""Record: what a running stack writes down, for tools and for the next start."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

MARK = "DIRECTRIX_STACK_RUN"
"""Every process of a run has this variable with the run's random name in its environment."""


@dataclass
class Record:
    """The file `state.json`. No secret is in it.

    parts: the process id of each part, below its leash.
    processes: [pid, start time] of all leashes and what runs below them; the start time is the
    kernel's, in ticks since boot: a pair names one process until the machine restarts (`boot`).
    """

    run: str
    boot: str
    supervisor: int
    profile: str
    endpoint: str
    ready: bool = False
    ports: dict[str, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    processes: list[list[int]] = field(default_factory=list)

    def write(self, file: Path) -> None:
        """Replaces the file in one step."""
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n")
        draft.replace(file)


def read(file: Path) -> Record | None:
    """What an earlier run left; None where there is nothing that can be read."""
    try:
        return Record(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def boot() -> str:
    """A name of this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def started(pid: int) -> int | None:
    """When it started, in ticks since boot; None where there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def identities(pids: Iterable[int]) -> list[list[int]]:
    """[pid, start time] of those that live."""
    return [[pid, at] for pid in sorted(pids) if (at := started(pid)) is not None]
