"""How many replicas a stack has."""

import os

import pytest

from services.settings import Settings
from services.stack.services import MOST_REPLICAS, replicas


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
