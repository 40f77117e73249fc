"""What a running stack shows of an edit and a discovery: lines of log, pages of metrics."""

import json
import time
import urllib.request
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from directrix.archive import pack_arrays
from directrix.client import Client
from directrix.generators import linear
from directrix.types import ImageCard
from tests.conftest import Stack

NAME = "sight-toy"
SERVICE = "directrix.v1.EditingService"


@pytest.fixture(scope="module")
def worked(stack: Stack) -> str:
    """An edit and a discovery have been done; the name of the discovery's operation."""
    arrays, _ = linear.planted([2.0, 1.0], pixels=64, seed=4)
    card = linear.card(NAME, ImageCard(channels=1, height=8, width=8), z_dim=2)
    with Client(stack.endpoint) as client:
        client.register_model(NAME, card.model_dump_json(), pack_arrays(arrays))
        client.edit(NAME, seed=2)
        job = client.discover(NAME, "sefa", parameters={"components": 2})
        job.result(120)
    return job.name


def lines(stack: Stack, part: str) -> list[dict[str, Any]]:
    text = (stack.folder / "logs" / f"{part}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def sample(stack: Stack, part: str, name: str, **labels: str) -> float:
    """The sum of all samples of that name with these labels, as Prometheus would read them."""
    page = f"http://127.0.0.1:{stack.state.ports[f'{part}-metrics']}/metrics"
    with urllib.request.urlopen(page, timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [s for family in families for s in family.samples if s.name == name]
    return sum(s.value for s in samples if labels.items() <= s.labels.items())


def test_calls_are_counted_as_everywhere(stack: Stack, worked: str) -> None:
    labels = {"grpc_service": SERVICE, "grpc_method": "EditImage"}
    for part in ("gateway", "serving"):
        assert sample(stack, part, "directrix_build_info", service=part) == 1
    assert sample(stack, "gateway", "grpc_server_started_total", **labels) >= 1
    assert sample(stack, "gateway", "grpc_server_handled_total", grpc_code="OK", **labels) >= 1
    inside = {"grpc_service": "directrix.inference.v1.InferenceService", "grpc_method": "Render"}
    assert sample(stack, "serving", "grpc_server_handled_total", grpc_code="OK", **inside) >= 1


def test_queue_and_compute_are_told_apart(stack: Stack, worked: str) -> None:
    for stage in ("resolve", "queue", "serving_queue", "compute", "encode"):
        assert sample(stack, "gateway", "directrix_edit_stage_seconds_count", stage=stage) >= 1
    for stage in ("wait", "pass"):
        assert sample(stack, "serving", "directrix_serving_pass_seconds_count", stage=stage) >= 1
    assert sample(stack, "gateway", "directrix_edit_stage_seconds_sum", stage="compute") > 0


def test_jobs_are_counted_where_they_run(stack: Stack, worked: str) -> None:
    ended = {"method": "sefa", "outcome": "succeeded"}
    stack.wait(
        lambda: sample(stack, "worker", "directrix_job_duration_seconds_count", **ended) >= 1, 10
    )
    assert sample(stack, "worker", "directrix_artifact_commits_total", kind="finding_set") >= 1
    assert sample(stack, "worker", "directrix_store_seconds_count", outcome="ok") > 10
    stack.wait(lambda: sample(stack, "worker", "directrix_jobs_outstanding") == 0, 20)


def test_the_id_of_the_call_is_on_the_workers_lines(stack: Stack, worked: str) -> None:
    rpc = "/directrix.v1.DiscoveryService/DiscoverFindings"
    started = {line["request_id"] for line in lines(stack, "gateway") if line.get("rpc") == rpc}
    at_work = [line for line in lines(stack, "worker") if line.get("operation") == worked]
    assert at_work
    assert {line["request_id"] for line in at_work} <= started


def test_lines_have_the_same_form_everywhere(stack: Stack, worked: str) -> None:
    time.sleep(0.1)
    for part in ("gateway", "worker", "serving"):
        found = lines(stack, part)
        assert found
        assert {"ts", "level", "service", "event"} <= set(found[-1])
        assert {line["service"] for line in found} == {part}


def test_no_secret_of_the_run_is_in_a_log(stack: Stack, worked: str) -> None:
    settings = json.loads((stack.folder / "environment.json").read_text())
    names = [n for n in settings if n.endswith(("_SECRET", "_KEY"))]
    secrets = [settings[name] for name in names if len(settings[name]) > 5]
    assert len(secrets) >= 3
    password = settings["DIRECTRIX_REDIS_URL"].split("@")[0].rpartition(":")[2]
    for part in ("gateway", "worker", "serving"):
        text = (stack.folder / "logs" / f"{part}.log").read_text()
        assert not [name for name in [*secrets, password] if name in text], part
