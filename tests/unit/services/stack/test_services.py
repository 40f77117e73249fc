"""How many replicas, workers and gateways a stack has."""

import os

import pytest

from services.settings import Settings
from services.stack.services import MOST_REPLICAS, gateways, port_names, replicas, workers


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIRECTRIX_INFERENCE_REPLICAS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def test_ray_serve_has_one_a_core_up_to_a_bound() -> None:
    assert replicas("full", Settings()) == MOST_REPLICAS
    assert replicas("full", Settings(threads=4)) == 2
    assert replicas("full", Settings(threads=16)) == 1


def test_settings_have_the_last_word() -> None:
    assert replicas("full", Settings(inference_replicas=7)) == 7


def test_the_plain_server_and_a_gpu_are_one_replica() -> None:
    assert replicas("lite", Settings(inference_replicas=7)) == 1
    assert replicas("full", Settings(device="cuda")) == 1


def test_there_are_as_many_workers_as_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert workers() == ["worker"]
    monkeypatch.setenv("DIRECTRIX_STACK_WORKERS", "3")
    assert workers() == ["worker", "worker-2", "worker-3"]
    assert {"worker-metrics", "worker-3-metrics"} < set(port_names("seaweedfs"))


def test_gateways_share_a_port_and_each_has_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gateways() == ["gateway"]
    assert not [name for name in port_names("seaweedfs") if name.endswith("-health")]
    monkeypatch.setenv("DIRECTRIX_STACK_GATEWAYS", "2")
    assert gateways() == ["gateway", "gateway-2"]
    own = {f"{name}-{page}" for name in gateways() for page in ("metrics", "health")}
    assert own < set(port_names("seaweedfs"))
    assert "gateway-2" not in port_names("seaweedfs")
