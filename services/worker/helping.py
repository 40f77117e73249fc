"""Helping: what an idle worker does with an invitation to compute shards of another one's job.

    owner: invites -> [queue of invitations] -> helper: takes a shard, invites the next, computes it

The job's owner sends one invitation a step. Whoever takes it up passes it on before computing, so
there is always one for the next idle worker and never more than one. A helper goes back to the
queue after a few seconds: jobs of others come first there. It starts at the far end, where the
owner comes last, waits for nobody, and holds nothing but the shard that it is at.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from directrix.errors import Cancelled, DirectrixError
from services.jobs import Job, JobStore, Spent, Stage, State
from services.jobs.signals import Signals
from services.jobs.submitter import Submitter
from services.worker.attempt import TICK_SECONDS, StepOver
from services.worker.memory import bounded, is_refusal
from services.worker.shards import Shards, Span

_log = logging.getLogger(__name__)

TURN_SECONDS = 5.0
"""After so long a helper looks for other work, at the next whole shard."""
LOOK_SECONDS = 2.0
"""How often it asks the job's record whether help is still wanted."""
FAILED_SECONDS = 1.0
"""How long it takes part in nothing after an error."""

Spend = Callable[[int], None]


@dataclass(frozen=True)
class Helper:
    """`run` is what the queue calls.

    shards: those of a job's population, for a helper; None where the job has none. They tell
    `Spend` of every image, which may raise to stop.
    """

    jobs: JobStore
    signals: Signals
    submitter: Submitter
    shards: Callable[[Job, Spend], Shards | None]
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, name: str, fence: int) -> None:
        """One turn, unless the job has moved on since the invitation. Raises nothing."""
        try:
            job = self.jobs.get(name)
            if wanted(job, fence) and not self.stopping.is_set():
                _Turn(self, job).take()
        except (Cancelled, StepOver):
            _log.info("%s: helps no more", name)
        except DirectrixError as error:
            _log.warning("%s: cannot help: %s", name, error)
            self.stopping.wait(FAILED_SECONDS)
        except Exception as error:
            if not is_refusal(error):
                _log.exception("%s: a defect of a helper", name)
            self.stopping.wait(FAILED_SECONDS)


def wanted(job: Job, fence: int) -> bool:
    """Whether the step that invited is the job's last one, and nobody asks for its end."""
    return job.state is State.RUNNING and job.fence == fence


class _Turn:
    """A few seconds of help, within what is left of the job's budget."""

    def __init__(self, helper: Helper, job: Job):
        self._helper, self._job = helper, job
        self._began = self._heard = self._looked = self._told = time.monotonic()
        self._images = self._untold = 0

    def take(self) -> None:
        """Raises Cancelled where the job goes on without, StepOver, and what computing raises."""
        shards = self._helper.shards(self._job, self._spend)
        if shards is None:
            return
        missing, invited = shards.missing(), False
        with bounded(self._job.budget.memory_mb):
            for place, shard in enumerate(reversed(missing), 1):
                with shards.hold(shard) as held:
                    if held is None:
                        continue
                    if not invited and place < len(missing):
                        self._helper.submitter.invite(self._job)
                        invited = True
                    self._listen()
                    self._announce(shard)
                    try:
                        held.compute(self._check)
                    finally:
                        self._tell()
                if time.monotonic() - self._began >= TURN_SECONDS:
                    return

    def _announce(self, shard: Span) -> None:
        _log.info("%s: computing %s shard %d+%d", self._job.name, Stage.POPULATION, *shard)

    def _spend(self, images: int) -> None:
        self._images += images
        self._untold += images
        spent = self._job.spent
        self._job.budget.check(
            Spent(
                seconds=spent.seconds + time.monotonic() - self._began,
                images=spent.images + self._images,
            )
        )

    def _tell(self) -> None:
        """The owner counts it with its own."""
        now = time.monotonic()
        spent = Spent(seconds=round(now - self._told, 6), images=self._untold)
        self._told, self._untold = now, 0
        self._helper.signals.help(self._job.name, spent)

    def _check(self, done: int) -> None:
        now = time.monotonic()
        if self._helper.stopping.is_set():
            raise StepOver
        if now - self._heard >= TICK_SECONDS:
            self._listen()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            if self._helper.jobs.get(self._job.name).state is not State.RUNNING:
                raise Cancelled(f"operation {self._job.name} needs no help")

    def _listen(self) -> None:
        self._heard = time.monotonic()
        if self._helper.signals.cancel_requested(self._job.name):
            raise Cancelled(f"operation {self._job.name} was cancelled")
