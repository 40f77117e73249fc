"""Runs Spin over jobs.pml and reads what it says."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.protocol.table import table

MODEL = Path(__file__).with_name("jobs.pml")
MUTANTS = {
    "a late worker writes all the same": "FENCING_OFF",
    "nobody looks after abandoned jobs": "RECONCILER_OFF",
    "readers see a set before it is stored": "LISTED_FIRST",
}
"""What taking a protection away is called, and the switch of the model that does it."""


@dataclass(frozen=True)
class Size:
    """created: jobs of the two that there is room for. faults: things that go wrong in a run.

    units: checkpoints of a job.
    """

    workers: int
    created: int
    faults: int
    units: int = 2


@dataclass(frozen=True)
class Verdict:
    """violation: the first one found, empty where every state and every end is as it must be."""

    states: int
    violation: str
    complete: bool
    """Whether no state was left out for want of memory or depth."""


def missing() -> str:
    """The programs that are not there, e.g. "spin, gcc"."""
    return ", ".join(name for name in ("spin", "gcc") if shutil.which(name) is None)


def explore(folder: Path, size: Size, mutation: str = "") -> Verdict:
    """Every reachable state of jobs.pml, with one of the MUTANTS' switches set if named."""
    text = table(size.workers, size.created, size.units, size.faults)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.pml").write_text(text)
    (folder / MODEL.name).write_text(MODEL.read_text())
    _run(folder, "spin", "-a", *([f"-D{mutation}"] if mutation else []), MODEL.name)
    flags = ["-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=6000"]
    _run(folder, "gcc", *flags, "-o", "pan", "pan.c")
    return read(_run(folder, "./pan", "-m200000"))


def read(said: str) -> Verdict:
    states = re.search(r"([\d.e+]+) states, stored", said)
    if states is None:
        raise ValueError(f"spin said no number of states: {said[-2000:]}")
    broken = re.search(r"pan:\d+: (.+?) \(at depth", said)
    incomplete = "max search depth too small" in said or "out of memory" in said
    violation = broken.group(1) if broken else ""
    return Verdict(int(float(states.group(1))), violation, not (broken or incomplete))


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return done.stdout
