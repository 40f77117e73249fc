"""A stand for worker tests: Valkey, an S3 server, the plain inference server, real workers."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.artifacts import ArtifactStore, open_store
from services.jobs import Job, JobStore, open_jobs
from services.jobs.redis_client import connect
from services.jobs.signals import RedisSignals
from services.jobs.submitter import CelerySubmitter
from services.settings import Settings
from tests.integration.servers import S3Server, free_ports, process, stop, valkey, wait_for

ROOT = Path(__file__).resolve().parents[3]
_UNIT = re.compile(r'operations/(\w+): computing ([^"]+)')


@dataclass
class Stand:
    """Starts and kills workers; whatever happens, `leave` ends them all."""

    folder: Path
    environment: dict[str, str]
    settings: Settings
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store: ArtifactStore = open_store(self.settings)
        self.redis = connect(self.settings)
        self.jobs: JobStore = open_jobs(self.store, self.redis)
        self.signals = RedisSignals(self.redis)
        self.submitter = CelerySubmitter(self.settings)

    def staff(self, count: int) -> list["subprocess.Popen[bytes]"]:
        """Exactly `count` workers that wait at the queue or work."""
        running = [worker for worker in self.workers if worker.poll() is None]
        for worker in running[count:]:
            stop(worker, grace=20)
        started = [self.start_worker() for _ in range(count - len(running))]
        return running[:count] + started

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Returns once it listens, other workers being idle."""
        before = sum(worker.poll() is None for worker in self.workers)
        log = self.folder / f"worker-{len(self.workers)}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", "services.worker"],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
            )
        self.workers.append(child)
        wait_for(
            lambda: _ready(log) or self.listening() > before, 90, lambda: child.poll() is None, log
        )
        return child

    def kill(self, worker: "subprocess.Popen[bytes]") -> None:
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def leave(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                stop(worker, grace=5)

    def listening(self) -> int:
        """How many workers wait at the queue."""
        return sum(client["cmd"] == "brpop" for client in self.redis.client_list())

    def until(self, job: Job, reached: Callable[[Job], bool], seconds: float = 60) -> Job:
        try:
            wait_for(lambda: reached(self.signals.watch(self.jobs.get(job.name))), seconds)
        except TimeoutError as error:
            said = "\n".join(self.log().splitlines()[-60:])
            raise TimeoutError(f"{error}\n{self.jobs.get(job.name)}\n{said}") from None
        return self.jobs.get(job.name)

    def ended(self, job: Job, seconds: float = 90) -> Job:
        return self.until(job, lambda j: j.state.ended, seconds)

    def log(self) -> str:
        logs = sorted(self.folder.glob("worker-*.log"))
        return "\n".join(log.read_text(errors="replace") for log in logs)

    def computed(self, job: Job) -> Counter[str]:
        """How often each unit of a job was begun, by all workers so far."""
        return Counter(what for name, what in _UNIT.findall(self.log()) if name == job.id)


@contextmanager
def stand(folder: Path, s3: S3Server, bucket: str) -> Iterator[Stand]:
    """Leases of 2 s and steps of 2 s, so that tests see many of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with valkey(folder / "valkey") as redis_url:
        (port,) = free_ports(1)
        environment = {
            "DIRECTRIX_STORE_KIND": "s3",
            "DIRECTRIX_STORE_ENDPOINT": s3.endpoint,
            "DIRECTRIX_STORE_BUCKET": bucket,
            "DIRECTRIX_STORE_ACCESS_KEY": s3.access_key,
            "DIRECTRIX_STORE_SECRET_KEY": s3.secret_key,
            "DIRECTRIX_REDIS_URL": redis_url,
            "DIRECTRIX_INFERENCE_TARGET": f"127.0.0.1:{port}",
            "DIRECTRIX_INFERENCE_SECRET": "secret-of-a-test",
            "DIRECTRIX_LEASE_SECONDS": "2",
            "DIRECTRIX_RECONCILE_SECONDS": "0.5",
            "DIRECTRIX_STEP_SECONDS": "2",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }
        names = {key.removeprefix("DIRECTRIX_").lower(): v for key, v in environment.items()}
        settings = Settings(**{k: v for k, v in names.items() if k in Settings.model_fields})
        server = [sys.executable, "-m", "services.serving.server"]
        with process(server, folder / "serving.log", environment):
            found = Stand(folder, environment, settings)
            try:
                yield found
            finally:
                found.leave()


def _ready(log: Path) -> bool:
    """Whether the worker has got as far as its queue."""
    text = log.read_text(errors="replace")
    return "ready." in text or "computing" in text
