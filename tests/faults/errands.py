"""Small jobs on planted models, how they end when nobody disturbs them, and how they are asked for
by a caller who does not give up."""

import time
import uuid
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np

from directrix.archive import canonical_json, pack_arrays, sha256
from directrix.client import Client
from directrix.client.errors import ApiError, Cancelled, DeadlineExceeded, Overloaded, Unavailable
from directrix.generators import linear as linear_generator
from directrix.predictors import linear as linear_predictor
from directrix.types import ImageCard

GENERATOR, JUDGE = "faults-generator", "faults-judge"
IMAGE = ImageCard(channels=1, height=8, width=8)
SCORERS = ("first", "second", "third")

T = TypeVar("T")

CALL_SECONDS = 20.0
PASSING = (Unavailable, DeadlineExceeded, Overloaded, Cancelled)
"""What a caller hears while parts are down. Everything else is an answer."""


class Errand(NamedTuple):
    """A job: its method, parameters and seed."""

    method: str
    parameters: dict
    samples: int
    seed: int


def errands(count: int) -> list[Errand]:
    """No two alike, so that none finds another's population stored."""
    return [
        [
            Errand("sefa", {"components": 2 + at % 3}, 0, 1000 + at),
            Errand("interfacegan", {"scorers": ["first", "second"]}, 2048, 2000 + at),
            Errand("intervention", {"scorers": ["first"], "samples": 16}, 0, 3000 + at),
        ][at % 3]
        for at in range(count)
    ]


class Outcome(NamedTuple):
    """What one seed gives: the digests of the finding set and of its scorecard."""

    digest: str
    scorecard: str


def register(client: Client) -> None:
    """Generator and judge whose answers are known by hand."""
    arrays, _ = linear_generator.planted((5, 4, 3, 2, 1, 0.5), 64, seed=3)
    card = linear_generator.card(GENERATOR, IMAGE, z_dim=6)
    judge = {"B": np.linalg.pinv(arrays["A"])[:3].astype(np.float32), "c": np.zeros(3, np.float32)}
    judge_card = linear_predictor.card(JUDGE, IMAGE, SCORERS)
    client.register_model(GENERATOR, card.model_dump_json(), pack_arrays(arrays))
    client.register_model(JUDGE, judge_card.model_dump_json(), pack_arrays(judge))


class Caller:
    """Asks until there is an answer. endpoint: the gateway's, "host:port"."""

    def __init__(self, endpoint: str, patience: float):
        self.patience = patience
        self.refusals = 0
        """Calls that had to be made again."""
        self._endpoint = endpoint
        self._client = Client(endpoint, timeout=CALL_SECONDS)

    def close(self) -> None:
        self._client.close()

    def start(self, errand: Errand) -> str:
        """The operation's name; asked for again with one request id, it is one job."""
        request_id = str(uuid.uuid4())
        started = self._ask(
            lambda client: client.discover(
                GENERATOR, errand.method, [JUDGE], errand.parameters,
                seed=errand.seed, samples=errand.samples or None, request_id=request_id,
            )
        )  # fmt: skip
        return started.name

    def cancel(self, name: str) -> None:
        self._ask(lambda client: client.operation(name).cancel())

    def end(self, name: str) -> Outcome | ApiError | None:
        """How the job ends: with what it found, or an error; None where it does not."""
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            job = self._ask(lambda client: client.operation(name).job())
            if job.error is not None:
                return job.error
            if job.result is not None:
                return self.outcome(job.result.finding_set, job.result.digest)
            time.sleep(0.1)
        return None

    def outcome(self, name: str, digest: str) -> Outcome:
        card = self._ask(lambda client: client.scorecard(name))
        return Outcome(digest, sha256(canonical_json(card.model_dump(mode="json"))))

    def sets(self) -> set[str]:
        return {each.name for each in self._ask(lambda client: client.finding_sets())}

    def _ask(self, call: Callable[[Client], T]) -> T:
        """Raises what is no failure that passes, and what lasts longer than its patience."""
        until = time.monotonic() + self.patience
        while True:
            try:
                return call(self._client)
            except PASSING:
                self.refusals += 1
                if time.monotonic() > until:
                    raise
            time.sleep(0.2)
            self._client.close()
            self._client = Client(self._endpoint, timeout=CALL_SECONDS)
