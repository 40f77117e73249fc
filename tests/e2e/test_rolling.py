"""A rolling restart under load: every part of ours in its turn, while clients edit and a job runs.

Whoever calls by the shipped client sees no error and no other picture; the job ends as it does
undisturbed.
"""

import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from directrix.client import Client
from directrix.client.errors import ApiError
from directrix.client.values import Discovery
from services.artifacts import ArtifactStore, open_store
from services.settings import Settings
from services.stack.record import Record, read
from tests.benchmarks.system import System, running
from tests.faults.errands import GENERATOR, JUDGE, Caller, Errand, register

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SECONDS = 60.0
"""For which a caller waits, and is waited with: the only replica may start slowly here."""
ENVIRONMENT = {
    "DIRECTRIX_STACK_GATEWAYS": "2",
    "DIRECTRIX_HOLD_SECONDS": str(SECONDS),
    "DIRECTRIX_STEP_SECONDS": "1",
    "DIRECTRIX_RECONCILE_SECONDS": "0.5",
}
ORDER = ("gateway", "gateway-2", "serving", "worker")
ERRAND = Errand("interfacegan", {"scorers": ["first", "second"]}, 60_000, 77)
RESULTS = ("scores/", "finding-sets-by-digest/", "scorecards/", "projects/default/findingSets/")
PICTURES = 16
"""Different edits; each must give the same bytes whoever answers."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder: Path = tmp_path_factory.mktemp("rolling") / "stack"
    with running(folder, "lite", environment=ENVIRONMENT) as found:
        with Client(found.endpoint) as client:
            register(client)
        yield found


class Editor(threading.Thread):
    """Edits, one picture after the other, with a client of its own."""

    def __init__(self, endpoint: str):
        super().__init__()
        self.answers: list[tuple[float, int, str]] = []
        """When, which, and the digest of the picture."""
        self.errors: list[ApiError] = []
        self.over = threading.Event()
        self._endpoint = endpoint

    def run(self) -> None:
        with Client(self._endpoint, timeout=SECONDS) as client:
            for index in itertools.cycle(range(PICTURES)):
                if self.over.is_set():
                    return
                try:
                    edited = client.edit(GENERATOR, [JUDGE], index=index)
                    self.answers.append((time.monotonic(), index, edited.digest))
                except ApiError as error:
                    self.errors.append(error)
                time.sleep(0.01)


class Waiter(threading.Thread):
    """Waits for a job's end in long calls, which its gateways do not live to answer."""

    def __init__(self, endpoint: str, name: str):
        super().__init__()
        self.errors: list[Exception] = []
        self.found: Discovery | None = None
        self._endpoint, self._name = endpoint, name

    def run(self) -> None:
        with Client(self._endpoint) as client:
            try:
                self.found = client.operation(self._name).result(300)
            except (ApiError, TimeoutError) as error:
                self.errors.append(error)


def test_nobody_notices_a_rolling_restart(system: System) -> None:
    caller = Caller(system.endpoint, patience=300)
    wanted = caller.end(caller.start(ERRAND))
    forget(store_of(system))
    editors = [Editor(system.endpoint) for _ in range(3)]
    for editor in editors:
        editor.start()
    try:
        job = caller.start(ERRAND)
        waiter = Waiter(system.endpoint, job)
        waiter.start()
        turns = [(part, *replace(system, part)) for part in ORDER]
        found = caller.end(job)
        waiter.join()
    finally:
        for editor in editors:
            editor.over.set()
            editor.join()
        caller.close()
    assert [str(error) for editor in editors for error in editor.errors] == []
    answers = [answer for editor in editors for answer in editor.answers]
    assert len({(index, digest) for _, index, digest in answers}) == PICTURES
    for part, asked, ready in turns:
        if part.startswith("gateway"):  # the other one answers
            assert [at for at, _, _ in answers if asked < at < ready], part
    assert waiter.errors == []
    assert found == wanted
    assert waiter.found is not None and waiter.found.digest == wanted.digest
    assert caller.refusals == 0


def replace(system: System, part: str) -> tuple[float, float]:
    """TERM, and until its successor is ready: when it was asked, and when that was."""
    before = record(system).parts[part]
    asked = time.monotonic()
    os.kill(before, signal.SIGTERM)
    until = asked + 120
    while record(system).parts.get(part, before) == before or not record(system).ready:
        assert time.monotonic() < until, (system.folder / "stack.log").read_text()[-2000:]
        time.sleep(0.05)
    return asked, time.monotonic()


def record(system: System) -> Record:
    return read(system.folder / "state.json") or Record("", "", 0, "", "")


def store_of(system: System) -> ArtifactStore:
    pairs = json.loads((system.folder / "environment.json").read_text()).items()
    named = {key.removeprefix("DIRECTRIX_").lower(): value for key, value in pairs}
    return open_store(Settings(**{k: v for k, v in named.items() if k in Settings.model_fields}))


def forget(store: ArtifactStore) -> None:
    """Nothing is left that a second job of the same kind could find."""
    for prefix in RESULTS:
        for key in list(store.keys(prefix)):
            store.delete(key)
