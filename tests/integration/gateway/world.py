"""A small world behind a real gateway: linear models, finding sets, jobs, a plain replica.

`scene` starts `python -m services.serving.server` as a child and a Gateway on a loop of its own,
both over one folder store, and gives out what tests name in their requests.
"""

import asyncio
import io
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import numpy as np
import torch
from google.longrunning.operations_pb2 import ListOperationsRequest
from google.longrunning.operations_pb2_grpc import OperationsStub

from directrix import generators
from directrix.archive import finding_set_digest, pack_arrays, sha256
from directrix.generators import linear as linear_generator
from directrix.inversion import EncoderPlan, EncoderTraining
from directrix.predictors import linear as linear_predictor
from directrix.types import (
    Direction,
    FindingScore,
    FindingSet,
    ImageCard,
    Provenance,
    Scorecard,
    ScorerRef,
    Space,
    Subspace,
    Units,
)
from directrix.v1.audit_service_pb2 import ListAuditsRequest
from directrix.v1.audit_service_pb2_grpc import AuditServiceStub
from directrix.v1.discovery_service_pb2 import ListDiscoveryMethodsRequest
from directrix.v1.discovery_service_pb2_grpc import DiscoveryServiceStub
from directrix.v1.finding_service_pb2 import ListFindingSetsRequest
from directrix.v1.finding_service_pb2_grpc import FindingServiceStub
from directrix.v1.model_service_pb2 import ListModelsRequest
from directrix.v1.model_service_pb2_grpc import ModelServiceStub
from services.artifacts.catalogue import Catalogue, MethodEntry, ModelEntry
from services.artifacts.folder import FolderStore
from services.gateway.log import Log
from services.gateway.server import Behind, Gateway
from services.inference.client import InferenceClient
from services.jobs import DiscoverySpec, ModelRef
from services.jobs.costs import Costs
from services.jobs.durable import DurableJobStore
from services.jobs.signals import MemorySignals
from services.jobs.submitter import MemorySubmitter
from services.settings import Settings
from tests.integration.servers import free_ports, process
from tests.unit.pages.audit_samples import record as audit_record

SECRET = "of-this-test"
IMAGE = ImageCard(channels=1, height=8, width=8)
SPECTRUM = (8.0, 6.0, 4.5, 3.4)
W_DIM = 6

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "count": {"type": "integer", "minimum": 1, "maximum": 64, "default": 4},
        "ratio": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.5},
        "space": {"type": "string", "enum": ["z", "w"], "default": "w"},
    },
}


@dataclass
class Scene:
    """Everything that a test speaks of."""

    target: str
    admin_target: str
    """The same as `target` in the open mode."""
    gateway: Gateway
    catalogue: Catalogue
    jobs: DurableJobStore
    submitter: MemorySubmitter
    signals: MemorySignals
    costs: Costs
    log: io.StringIO
    toy: ModelEntry
    other: ModelEntry
    judge: ModelEntry
    meter: ModelEntry
    wide: ModelEntry
    encoder: ModelEntry
    """Of the toy, into W."""
    findings: str
    foreign: str
    unscored: str
    audit: str
    """The name of one of two."""
    stored_tensors: str
    """The digest of a stored object that is no picture."""
    hollow: ModelEntry
    tensors: bytes
    """Of the toy."""
    running: str
    ended: str
    """Operations."""
    shop_port: int
    """Where the replica looks for the remote predictor "shop"; nobody is there by itself."""
    used_request_id: str
    tokens: dict[str, str]
    """A page token of each list."""
    channel: grpc.Channel = field(repr=False, default=None)  # type: ignore[assignment]


@contextmanager
def scene(folder: Path, bearer: str = "", listed: bool = True, **access: object) -> Iterator[Scene]:
    """access: settings of who may call; bearer: credentials of the scene's own channel.

    listed: False where that channel is let nowhere: there are no page tokens then.
    """
    store = FolderStore(folder / "store")
    catalogue = Catalogue(store)
    port, shop_port = free_ports(2)
    settings = Settings(
        gateway_port=0,
        gateway_admin_port=0,
        inference_target=f"127.0.0.1:{port}",
        inference_secret=SECRET,
        max_message_bytes=1024 * 1024,
        **access,
    )
    client = InferenceClient(settings.inference_target, SECRET)
    behind = Behind(store, DurableJobStore(store), MemorySignals(), MemorySubmitter(), client)
    log = io.StringIO()
    gateway = Gateway(settings, behind, Log(log))
    stocked = _stock(catalogue)
    started = _start(behind.jobs, stocked["toy"])
    with _replica(folder, port, shop_port), _running(gateway) as gateway_port:
        target = f"127.0.0.1:{gateway_port}"
        with grpc.insecure_channel(target) as plain:
            channel = grpc.intercept_channel(plain, Bearing(bearer)) if bearer else plain
            yield Scene(
                target=target,
                admin_target=f"127.0.0.1:{gateway.admin_port}",
                gateway=gateway,
                catalogue=catalogue,
                jobs=behind.jobs,
                submitter=behind.submitter,
                signals=behind.signals,
                costs=Costs(store),
                log=log,
                channel=channel,
                tokens=_tokens(channel) if listed else {},
                shop_port=shop_port,
                **stocked,
                **started,
            )


class Bearing(grpc.UnaryUnaryClientInterceptor):
    """Sends credentials with every unary call."""

    def __init__(self, bearer: str):
        self._metadata = (("authorization", f"Bearer {bearer}"),)

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(details._replace(metadata=self._metadata), request)


@contextmanager
def _running(gateway: Gateway) -> Iterator[int]:
    """The gateway on a loop of its own, in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(gateway.start(), loop).result(60)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(gateway.stop(1.0), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def _replica(folder: Path, port: int, shop_port: int) -> Iterator[None]:
    env = {
        "DIRECTRIX_INFERENCE_TARGET": f"127.0.0.1:{port}",
        "DIRECTRIX_INFERENCE_SECRET": SECRET,
        "DIRECTRIX_STORE_KIND": "folder",
        "DIRECTRIX_STORE_FOLDER": str(folder / "store"),
        "DIRECTRIX_REMOTE_PREDICTORS": json.dumps({"shop": f"127.0.0.1:{shop_port}"}),
        "DIRECTRIX_REMOTE_SECONDS": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "services.serving.server"]
    with process(command, folder / "replica.log", env):
        yield


def _stock(catalogue: Catalogue) -> dict[str, object]:
    arrays, axes = linear_generator.planted(SPECTRUM, 64, seed=1)
    chance = np.random.Generator(np.random.Philox(2))
    wide_map = chance.standard_normal((64, W_DIM)).astype(np.float32) * 0.1
    mapping = chance.standard_normal((W_DIM, 4)).astype(np.float32)
    toy_arrays = {"A": wide_map, "b": arrays["b"], "M": mapping}
    toy = _generator(catalogue, "toy", toy_arrays, W_DIM)
    hollow = _generator(catalogue, "hollow", {"A": wide_map})
    other = _generator(catalogue, "other", arrays)
    judge_arrays = linear_predictor.reading({"A": wide_map, "b": arrays["b"]}, np.eye(W_DIM)[:3])
    judge = _predictor(catalogue, "judge", judge_arrays, IMAGE, "abc")
    meter = _predictor(catalogue, "meter", judge_arrays, IMAGE, "abc", "regressor")
    large = ImageCard(channels=3, height=16, width=16)
    wide_arrays = {"B": np.zeros((2, 768), np.float32), "c": np.zeros(2, np.float32)}
    wide = _predictor(catalogue, "wide", wide_arrays, large, "xy")
    encoder = _encoder(catalogue, toy, toy_arrays)
    catalogue.put_methods(
        [
            MethodEntry("axes", "Finds axes.", "1", ("weights",), SCHEMA),
            MethodEntry("border", "Finds borders.", "1", ("population",), SCHEMA),
        ]
    )
    findings = catalogue.put_finding_set(_findings(toy.digest))
    catalogue.put_scorecard(finding_set_digest(_findings(toy.digest)), _scorecard(toy, judge))
    foreign = catalogue.put_finding_set(
        FindingSet((Direction(Space.Z, axes[0], 1.0),), _provenance(other.digest))
    )
    unscored = catalogue.put_finding_set(
        FindingSet((Direction(Space.W, np.eye(W_DIM)[1], 2.0),), _provenance(toy.digest))
    )
    return {
        "toy": toy,
        "other": other,
        "judge": judge,
        "meter": meter,
        "wide": wide,
        "encoder": encoder,
        "findings": findings,
        "foreign": foreign,
        "unscored": unscored,
        "audit": _audits(catalogue),
        "stored_tensors": sha256(pack_arrays(toy_arrays)),
        "hollow": hollow,
        "tensors": pack_arrays(toy_arrays),
    }


def _start(jobs: DurableJobStore, toy: ModelEntry) -> dict[str, str]:
    """Three jobs: one that waits, one that was cancelled, one with a request id."""
    used = "7e5d1c44-9f0b-4a53-8a65-0c5e6a3d9b21"
    spec = DiscoverySpec(generator=ModelRef(name=toy.name, digest=toy.digest), method="axes")
    running, ended = (jobs.create("default", spec).name for _ in range(2))
    jobs.cancel(ended)
    jobs.create("default", spec, used)
    return {"running": running, "ended": ended, "used_request_id": used}


def _tokens(channel: grpc.Channel) -> dict[str, str]:
    parent = {"parent": "projects/default", "page_size": 1}
    models, findings = ModelServiceStub(channel), FindingServiceStub(channel)
    methods, operations = DiscoveryServiceStub(channel), OperationsStub(channel)
    answers = {
        "models": models.ListModels(ListModelsRequest(**parent)),
        "sets": findings.ListFindingSets(ListFindingSetsRequest(**parent)),
        "methods": methods.ListDiscoveryMethods(ListDiscoveryMethodsRequest(**parent)),
        "audits": AuditServiceStub(channel).ListAudits(ListAuditsRequest(**parent)),
        "operations": operations.ListOperations(
            ListOperationsRequest(name="projects/default", page_size=1)
        ),
    }
    return {kind: answer.next_page_token for kind, answer in answers.items()}


def _audits(catalogue: Catalogue) -> str:
    rendered = {"csv": b"rank\n1\n", "html": b"<p>\n" * 500_000}
    catalogue.audits.put(audit_record(digest="b" * 64), rendered)
    return catalogue.audits.put(audit_record(), rendered)


def _provenance(generator: str) -> Provenance:
    return Provenance(method="axes", version="1", generator=generator)


def _findings(generator: str) -> FindingSet:
    """0: direction in W. 1: subspace in W. 2: units."""
    eye = np.eye(W_DIM, dtype=np.float32)
    return FindingSet(
        findings=(
            Direction(Space.W, eye[0], 1.5),
            Subspace(Space.W, eye[1:3], np.ones(2)),
            Units(linear_generator.LAYER, np.array([0]), np.array([0.5])),
        ),
        provenance=_provenance(generator),
        hints=("first", "second", "third"),
    )


def _encoder(catalogue: Catalogue, toy: ModelEntry, arrays: dict[str, np.ndarray]) -> ModelEntry:
    """Hardly trained: what counts here is that it says the same every time."""
    network = generators.build(toy.card, arrays, torch.device("cpu"))
    plan = EncoderPlan(space=Space.W, steps=1, blocks=((4,), (6,)), hidden=8)
    training = EncoderTraining(plan, network)
    training.advance()
    card, tensors = training.finish("toy-encoder")
    return catalogue.put_model(card.name, card.model_dump_json(), pack_arrays(tensors))


def _scorecard(toy: ModelEntry, judge: ModelEntry) -> Scorecard:
    score = FindingScore(
        index=0,
        target="a",
        sign=1,
        effect_sd=2.0,
        effects_sd=(2.0,),
        side_effect_sd=0.1,
        monotonicity=1.0,
        curve_sd=((-1.0,), (0.0,), (1.0,)),
        interval_sd=(1.9, 2.1),
    )
    return Scorecard(
        finding_set=finding_set_digest(_findings(toy.digest)),
        generator=toy.digest,
        scorers=(ScorerRef(predictor=judge.digest, scorer="a", deviation=1.0),),
        alphas=(-1.0, 0.0, 1.0),
        seed=5,
        samples=16,
        random_floor_sd=0.3,
        random_findings=8,
        findings=(score,),
    )


def _generator(
    catalogue: Catalogue, name: str, arrays: dict[str, np.ndarray], w_dim: int | None = None
) -> ModelEntry:
    card = linear_generator.card(name, IMAGE, 4, w_dim)
    return catalogue.put_model(name, card.model_dump_json(), pack_arrays(arrays))


def _predictor(
    catalogue: Catalogue,
    name: str,
    arrays: dict[str, np.ndarray],
    image: ImageCard,
    scorers: str,
    task: str = "classifier",
) -> ModelEntry:
    card = linear_predictor.card(name, image, scorers, task)  # type: ignore[arg-type]
    return catalogue.put_model(name, card.model_dump_json(), pack_arrays(arrays))
