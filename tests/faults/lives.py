"""Lives of stacks: run follows run, each with jobs, faults at random moments, and a judgement."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from directrix.client import Client
from directrix.client.errors import ApiError, OperationCancelled
from directrix.errors import DirectrixError
from tests.faults.catalogue import FAULTS
from tests.faults.checks import half_artifacts, left_over
from tests.faults.errands import Caller, Errand, Outcome, register
from tests.faults.world import World

PATIENCE = 300.0
"""Seconds within which a job ends, whatever is done to it; a bound for a busy machine."""
SPREAD = 4.0
"""Seconds after a run's beginning within which its faults come."""
CANCELLED = 0.15
"""Share of the jobs that somebody cancels."""


@dataclass
class Run:
    """One run. Lists are of names: what is in them is what went wrong."""

    number: int
    store: str
    profile: str
    faults: list[str]
    jobs: int = 0
    cancelled: int = 0
    refusals: int = 0
    """Calls that had to be made again."""
    lost: list[str] = field(default_factory=list)
    """Jobs that have not ended."""
    differing: list[str] = field(default_factory=list)
    """Jobs that did not end as they do undisturbed."""
    halves: list[str] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.differing or self.halves or self.orphans or self.leaked)

    def row(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """A run before it is made. The same seed makes the same plan."""

    number: int
    faults: Sequence[tuple[float, str]]
    """Seconds after its beginning, and which."""
    errands: Sequence[Errand]
    cancels: Sequence[float | None]
    """By errand: seconds after its start at which it is cancelled."""


def plan(number: int, seed: str, names: Sequence[str], errands: Sequence[Errand]) -> Plan:
    """The fault whose turn it is and up to two others, at moments drawn by chance."""
    chance = random.Random(f"{seed} {number}")
    chosen = [names[number % len(names)], *chance.choices(names, k=chance.choice([0, 1, 2]))]
    faults = sorted((chance.uniform(0.0, SPREAD), name) for name in chosen)
    cancels = [
        chance.uniform(0.0, SPREAD) if chance.random() < CANCELLED else None for _ in errands
    ]
    return Plan(number, faults, errands, cancels)


class Life:
    """One stack's. wanted: how each errand ends undisturbed."""

    def __init__(self, world: World, store: str, profile: str, wanted: dict[str, Outcome]):
        self.world = world
        self._store, self._profile, self._wanted = store, profile, wanted
        self._seen: set[str] = set()
        with Client(world.system.endpoint, timeout=60) as client:
            register(client)

    def live(self, plan: Plan) -> Run:
        """One run, from jobs that are asked for to what is left of them."""
        began = time.monotonic()
        names = [name for _, name in plan.faults]
        run = Run(plan.number, self._store, self._profile, names, jobs=len(plan.errands))
        watcher = _Watcher(self.world)
        threads = [threading.Thread(target=self._errand, args=(run, *e)) for e in _pairs(plan)]
        threads += [threading.Thread(target=self._faults, args=(plan,))]
        with watcher:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.world.wait_until_ready()
        run.halves = sorted({*watcher.halves, *half_artifacts(self.world.store, self._seen)})
        run.orphans = sorted(self.world.orphans())
        run.leaked = left_over(self.world)
        run.seconds = round(time.monotonic() - began, 2)
        return run

    def _faults(self, plan: Plan) -> None:
        """One after the other where they would overlap."""
        began = time.monotonic()
        for moment, name in plan.faults:
            time.sleep(max(0.0, began + moment - time.monotonic()))
            FAULTS[name](self.world)

    def _errand(self, run: Run, errand: Errand, cancel: float | None) -> None:
        caller = Caller(self.world.system.endpoint, PATIENCE)
        try:
            name = caller.start(errand)
            if cancel is not None:
                time.sleep(cancel)
                caller.cancel(name)
            found = caller.end(name)
            if found is None:
                run.lost.append(name)
            elif isinstance(found, OperationCancelled) and cancel is not None:
                run.cancelled += 1
            elif found != self._wanted[str(errand)]:
                run.differing.append(f"{name}: {_told(found)}")
        except ApiError as error:
            run.lost.append(f"{errand.method}: {_told(error)}")
        finally:
            run.refusals += caller.refusals
            caller.close()


class _Watcher:
    """Reads whatever is listed while things go wrong, as any reader may."""

    def __init__(self, world: World):
        self.halves: set[str] = set()
        self._world = world
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "_Watcher":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        known: set[str] = set()
        with suppress(DirectrixError):
            known |= set(self._world.store.keys("projects/default/findingSets/"))
        while not self._over.wait(0.25):
            with suppress(DirectrixError):
                self.halves |= set(half_artifacts(self._world.store, known))


def undisturbed(endpoint: str, errands: Sequence[Errand]) -> dict[str, Outcome]:
    """How each errand ends at a stack that nothing is done to."""
    with Client(endpoint, timeout=60) as client:
        register(client)
    caller = Caller(endpoint, PATIENCE)
    names = [caller.start(errand) for errand in errands]
    found = {str(e): caller.end(name) for e, name in zip(errands, names, strict=True)}
    caller.close()
    for errand, outcome in found.items():
        if not isinstance(outcome, Outcome):
            raise RuntimeError(f"{errand} does not end undisturbed: {outcome!r}")
    return found


def _pairs(plan: Plan) -> Iterator[tuple[Errand, float | None]]:
    return zip(plan.errands, plan.cancels, strict=True)


def _told(found: Outcome | ApiError) -> str:
    if isinstance(found, Outcome):
        return f"another outcome, {found}"
    return f"{type(found).__name__} {found.reason}: {found.message}"[:300]


def folder_of(name: str) -> Path:
    return Path("build/bench") / f"stack-{name}"
