"""Supervisor: starts the parts in order, brings dead ones back, stops all of them."""

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from services.stack import leash, record, survivors
from services.stack.child import Child
from services.stack.part import Part

TICK = 0.1
NOTE_EVERY = 10.0
FIRST_STARTS = 3
"""A part that dies this often before it was ever ready is given up, and the stack with it."""


class PartFailed(Exception):
    """A part did not become ready; the message holds the end of its log."""


class Supervisor:
    """The parts as child processes. One thread: every look is quick, nothing waits for long.

    say: takes one line of progress.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        folder: Path,
        notes: record.Record,
        say: Callable[[str], None],
    ):
        self.children = {part.name: Child(part, folder / "logs") for part in parts}
        self.stopping = False
        self._file = folder / "state.json"
        self._notes = notes
        self._say = say
        self._spared: frozenset[int] = frozenset()
        self._once_ready: set[str] = set()
        self._noted_at = 0.0

    def take_over(self) -> None:
        """Takes orphans as its own children, and signals as orders to stop."""
        leash.prctl(leash.SET_CHILD_SUBREAPER, 1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start(self) -> None:
        """Until every part is ready, or it is told to stop. Raises PartFailed."""
        while not self.stopping and not self.is_ready():
            self.tick()
            self._give_up_on_hopeless()

    def watch(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Until it is told to stop, or `goes_on` says no: dead parts come back."""
        while not self.stopping and goes_on():
            self.tick()

    def spare(self, pid: int) -> None:
        """Names a child of this process that is no orphan, whoever's it is."""
        self._spared |= {pid}

    def is_ready(self) -> bool:
        return all(child.is_ready for child in self.children.values())

    def tick(self) -> None:
        """One look at every part, and a pause."""
        for child in self.children.values():
            self._see_death(child)
            if child.is_due() and all(self.children[n].is_ready for n in child.part.needs):
                child.start()
                self._note()
            if child.process is not None and not child.is_ready and child.part.ready():
                self._welcome(child)
        if time.monotonic() - self._noted_at > NOTE_EVERY:
            self._note()
        time.sleep(TICK)

    def stop(self) -> None:
        """Ends the parts, those that need others first; nothing of them is left."""
        self.stopping = True
        for level in reversed(self._levels()):
            asked = time.monotonic()
            for child in level:
                child.ask_to_end()
            for child in level:
                child.wait()
                seconds = time.monotonic() - asked
                self._say(f"{child.part.name:<8} stopped after {seconds:.1f} s")
        leash.end_children(0.0, self._spared)
        for pid in survivors.of(self._notes):
            leash.send(pid, signal.SIGKILL)
        self._notes.processes, self._notes.parts, self._notes.supervisor = [], {}, 0
        self._notes.ready = False
        self._notes.write(self._file)

    def _see_death(self, child: Child) -> None:
        status = child.died()
        if status is None:
            return
        self._end_orphans()
        name, again = child.part.name, f"again in {child.delay():.1f} s"
        self._say(f"{name:<8} ended with status {status}; {again}; see {child.log}")
        self._note()

    def _welcome(self, child: Child) -> None:
        child.is_ready = True
        name, address = child.part.name, child.part.address
        again = " again" if name in self._once_ready else ""
        self._once_ready.add(name)
        seconds = time.monotonic() - child.started_at
        self._say(f"{name:<8} {address:<22} ready{again} after {seconds:.1f} s")
        self._note()

    def _give_up_on_hopeless(self) -> None:
        for name, child in self.children.items():
            if name in self._once_ready:
                continue
            if child.is_late() or (child.process is None and child.starts >= FIRST_STARTS):
                raise PartFailed(f"{name} does not start; the end of {child.log}:\n{child.tail()}")

    def _end_orphans(self) -> None:
        leashes = frozenset(child.pid for child in self.children.values() if child.pid)
        leash.end_children(0.0, leashes | self._spared)

    def _note(self) -> None:
        self._noted_at = time.monotonic()
        pids = {name: child.pid for name, child in self.children.items() if child.pid}
        below = {name: survivors.descendants(pid) for name, pid in pids.items()}
        self._notes.parts = {name: found[0] for name, found in below.items() if found}
        self._notes.processes = record.identities({*pids.values()}.union(*below.values()))
        self._notes.ready = self.is_ready()
        self._notes.write(self._file)

    def _levels(self) -> list[list[Child]]:
        """Parts that need nothing first, those that need them next, and so on."""
        depth: dict[str, int] = {}
        for name, child in self.children.items():
            depth[name] = 1 + max((depth[need] for need in child.part.needs), default=-1)
        return [
            [self.children[name] for name in depth if depth[name] == level]
            for level in range(max(depth.values()) + 1)
        ]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopping:  # asked twice: two seconds instead of each part's grace
            for child in self.children.values():
                if child.pid:
                    leash.send(child.pid, signal.SIGHUP)
        self.stopping = True
