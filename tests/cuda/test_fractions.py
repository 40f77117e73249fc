"""Replicas of deploy/serve-apart.yaml share one GPU: each computes on it, within its share."""

import subprocess

import pytest

from tests.contract.inference_world import build_world, stop
from tests.integration.serving.test_placement import (
    APART,
    FOUND,
    RUNNING,
    Stage,
    edit,
    explain,
    score,
    shares,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _on_the_gpu() -> set[int]:
    """Processes that hold memory of a GPU, by the driver's own tool."""
    command = ["nvidia-smi", "--query-compute-apps=pid", "--format=csv,noheader"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {int(line) for line in said.split()}


def test_three_replicas_compute_on_their_shares_of_one_gpu(cuda, tmp_path):
    world = build_world(tmp_path)
    stage = Stage(world, device="cuda")
    try:
        states, replicas = stage.show(APART)
        assert set(states.values()) == {RUNNING}
        assert shares(replicas) == {"inference": 0.5, "scoring": 0.25, "explaining": 0.25}
        with stage.client("scoring", "explaining") as client:
            client.wait_ready(60)
            edit(client, world)
            score(client, world)
            assert explain(client, world) == FOUND
        assert {each["pid"] for each in replicas} <= _on_the_gpu()
    finally:
        stop(stage.process)
