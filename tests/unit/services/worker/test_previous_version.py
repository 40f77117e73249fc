"""A job that a worker of the version before had under way: one of this version ends it, alike.

The archive holds the object store as the killed worker left it, before jobs had budgets, priorities
or failures: record, scores, fit, finding set and the beginning of the scorecard, and beside it how
the job ended undisturbed with that version. It is frozen: whoever changes what is stored reads the
old form too, and adds an archive when a version is released.
"""

import json
import zipfile
from pathlib import Path

from directrix.archive import finding_set_digest
from services.artifacts.catalogue import Catalogue
from services.jobs import State
from tests.unit.services.worker.test_discovery import World

KEPT = Path(__file__).with_name("job-of-the-previous-version.zip")
OBJECTS = "objects/"
LEFT = 10
"""Units of the scorecard that were not stored yet: nothing else is computed."""


def test_it_is_taken_up_and_ends_as_that_version_would_have_ended_it() -> None:
    world = World()
    with zipfile.ZipFile(KEPT) as kept:
        name, wanted = kept.read("job.txt").decode(), json.loads(kept.read("expected.json"))
        for entry in kept.namelist():
            if entry.startswith(OBJECTS):
                world.store.inner.put(entry.removeprefix(OBJECTS), kept.read(entry))
    before = world.jobs.get(name)
    assert (before.state, before.attempt) == (State.RUNNING, 1)
    world.recover()
    ended = world.jobs.get(name)
    assert (ended.state, ended.attempt) == (State.SUCCEEDED, 2), ended.error
    assert ended.result is not None
    assert ended.result.model_dump(mode="json", include=wanted.keys()) == wanted
    catalogue = Catalogue(world.store)
    assert finding_set_digest(catalogue.finding_set(wanted["finding_set"])) == wanted["digest"]
    assert catalogue.scorecard(wanted["digest"]).finding_set == wanted["digest"]
    assert sum(world.scoring.units.values()) == LEFT
