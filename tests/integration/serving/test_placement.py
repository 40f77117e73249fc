"""Replicas together and apart, on one GPU that Ray is told of; what there is no room for waits.

No GPU is needed: Ray counts what it is told, and replicas compute on the CPU where torch sees none.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from directrix.errors import DeadlineExceeded, InvalidField, QueueFull, ServingUnavailable
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.v1 import explanation_service_pb2, values_pb2
from directrix.wire.tensors import tensor_from_proto
from services.inference.client import BlockingInferenceClient
from services.serving import applications
from services.serving.guard import descendants
from tests.contract.inference_world import APPLICATION, ROOT, SECRET, World, build_world, stop
from tests.integration.serving.listeners import LOOPBACK, listeners

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

TOGETHER, APART = ROOT / "deploy/serve.yaml", ROOT / "deploy/serve-apart.yaml"
RUNNING = applications.RUNNING


class Stage:
    """`tests.integration.serving.stage` over the world's store, with one GPU that is told of."""

    def __init__(self, world: World, device: str = "auto"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.target = f"127.0.0.1:{probe.getsockname()[1]}"
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "DIRECTRIX_STORE_KIND": "folder",
            "DIRECTRIX_STORE_FOLDER": str(world.folder),
            "DIRECTRIX_INFERENCE_TARGET": self.target,
            "DIRECTRIX_INFERENCE_SECRET": SECRET,
            "DIRECTRIX_DEVICE": device,
            "DIRECTRIX_SERVE_GPUS": "1",
            # how long Ray Serve keeps to itself that a replica finds no place, in seconds
            "SERVE_SLOW_STARTUP_WARNING_S": "2",
            # two busy cores may take longer than Ray is used to
            "RAY_raylet_start_wait_time_s": "600",
            "RAY_agent_register_timeout_ms": "300000",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.serving.stage"],
            env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def show(
        self, file: Path, waiting: str = "", words: str = ""
    ) -> tuple[dict[str, str], list[dict]]:
        """States of the applications, and the replicas that run."""
        print(file, waiting, words, sep="\t", file=self.process.stdin, flush=True)
        told = json.loads(self.process.stdout.readline())
        return told["states"], told["replicas"]

    def client(self, scoring: str = "", explaining: str = "") -> BlockingInferenceClient:
        return BlockingInferenceClient(self.target, SECRET, APPLICATION, scoring, explaining)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def stage(world: World) -> Iterator[Stage]:
    running = Stage(world)
    try:
        yield running
    finally:
        stop(running.process)


def recipe(world: World, *moves: values_pb2.Move) -> values_pb2.Recipe:
    seed = values_pb2.SeedSource(seed=7, index=0)
    return values_pb2.Recipe(generator=world.generator, seed=seed, moves=moves)


def edit(client: BlockingInferenceClient, world: World) -> pb.RenderResponse:
    finding = values_pb2.FindingRef(finding_set=world.findings, index=0)
    recipes = [recipe(world), recipe(world, values_pb2.Move(finding=finding, alpha=0.5))]
    asked = pb.RenderRequest(generator=world.generator, predictors=[world.judge], recipes=recipes)
    answer = client.render(asked, 120)
    assert [len(item.image) for item in answer.items] == [64, 64]
    return answer


def score(client: BlockingInferenceClient, world: World, seconds: float = 120) -> list[float]:
    samples = pb.SampleRange(seed=7, start=0, count=3, truncation=1)
    asked = pb.ScoreRequest(generator=world.generator, predictors=[world.judge], samples=samples)
    return tensor_from_proto(client.score(asked, seconds).scores, axes=2)[:, 1].tolist()


def explain(client: BlockingInferenceClient, world: World) -> int:
    asked = explanation_service_pb2.ExplainImageRequest(
        recipe=recipe(world), classifier=world.judge, finding_set=world.findings
    )
    *_, last = client.explain(pb.ExplainRequest(request=asked), 120)
    return last.response.status


FOUND = explanation_service_pb2.ExplainImageResponse.STATUS_FOUND


def shares(replicas: list[dict]) -> dict[str, float]:
    """Application -> the share of a GPU that its one replica holds."""
    assert len({each["node"] for each in replicas}) == 1
    assert {each["resources"]["CPU"] for each in replicas} == {1.0}
    found = {each["application"]: each["resources"].get("GPU", 0.0) for each in replicas}
    assert len(found) == len(replicas) == len({each["pid"] for each in replicas})
    return found


def test_replicas_are_placed_together_and_apart_and_wait_for_room(stage, world, tmp_path):
    states, replicas = stage.show(TOGETHER)
    assert states == {"inference": RUNNING}
    assert shares(replicas) == {"inference": 0.0}
    with stage.client() as client:
        client.wait_ready(120)
        together = edit(client, world), score(client, world)
        assert explain(client, world) == FOUND

    states, replicas = stage.show(APART)
    assert states == {"inference": RUNNING, "scoring": RUNNING, "explaining": RUNNING}
    assert shares(replicas) == {"inference": 0.5, "scoring": 0.25, "explaining": 0.25}
    below = descendants(stage.process.pid)
    assert {each["pid"] for each in replicas} <= below
    found = listeners(below)
    assert int(stage.target.rpartition(":")[2]) in found
    assert {p: a for p, a in found.items() if a not in LOOPBACK} == {}
    with stage.client("scoring", "explaining") as client:
        client.wait_ready(120)
        images, scores = edit(client, world), score(client, world)
        assert [i.image for i in images.items] == [i.image for i in together[0].items]
        assert scores == together[1]
        assert explain(client, world) == FOUND

    greedy = yaml.safe_load(APART.read_text())
    greedy["applications"][1]["args"]["num_gpus"] = 0.75
    (tmp_path / "greedy.yaml").write_text(yaml.safe_dump(greedy))
    free = '"GPU": 0.25'
    states, replicas = stage.show(tmp_path / "greedy.yaml", "scoring", free)
    assert (states["inference"], states["explaining"]) == (RUNNING, RUNNING)
    assert states["scoring"].startswith("DEPLOYING: ")
    assert '"GPU": 0.75}, total resources available: {' in states["scoring"]
    assert free in states["scoring"].partition("available")[2]
    assert {each["application"] for each in replicas} == {"inference", "explaining"}
    with stage.client("scoring", "explaining") as client:
        edit(client, world)
        assert explain(client, world) == FOUND
        with pytest.raises((ServingUnavailable, DeadlineExceeded, QueueFull)):
            score(client, world, seconds=2)


def test_a_file_that_configures_nothing_of_ours_is_refused(tmp_path):
    broken = {
        "no file": None,
        "no mapping": "- 1",
        "no applications of ours": TOGETHER.read_text().replace("outstanding: 2", "gpus: 2"),
        "less than nothing": TOGETHER.read_text().replace("num_gpus: 0", "num_gpus: -1"),
    }
    for name, text in broken.items():
        file = tmp_path / f"{name}.yaml"
        if text is not None:
            file.write_text(text)
        with pytest.raises(InvalidField, match="configures no applications"):
            applications.read(file)
    assert applications.most_replicas(applications.read(APART)) == 3
