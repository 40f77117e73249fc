"""Jobs of the chart, as rendered, against a live stack: ended from outside, and run again."""

import json
import os
import signal
import uuid
from pathlib import Path

import pytest

from directrix.archive import pack_arrays
from directrix.client import Client
from directrix.generators import linear as generators
from directrix.predictors import linear as predictors
from directrix.types import ImageCard
from tests.conftest import ROOT
from tests.e2e.pods import Pod, container_of, terminate
from tests.unit.helm import combinations
from tests.unit.helm.chart import render

IMAGE = ImageCard(channels=1, height=8, width=8)
CLASSES = ("round", "tall", "wide")
DISCOVERY = {
    "name": "batch",
    "method": "sefa",
    "generator": "batch-toy",
    "predictors": ["batch-reader"],
    "parameters": {"components": 3},
    "samples": 20_000,
}


@pytest.fixture(scope="module")
def models(endpoint: str) -> None:
    if os.geteuid() != 0:
        reason = "namespaces and mounts need root"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    arrays, axes = generators.planted((4.0, 2.0, 1.0, 0.5), pixels=64, seed=5, contrast=0.1)
    card = generators.card("batch-toy", IMAGE, z_dim=4)
    reader = predictors.card("batch-reader", IMAGE, CLASSES)
    with Client(endpoint) as client:
        client.register_model("batch-toy", card.model_dump_json(), pack_arrays(arrays))
        tensors = pack_arrays(predictors.reading(arrays, axes[:3]))
        client.register_model("batch-reader", reader.model_dump_json(), tensors)


def job(**changes: object) -> object:
    values = {"batch": {"discoveries": [{**DISCOVERY, **changes}]}}
    return container_of(render(combinations.merged(combinations.LEAST, values)), "-batch")


def events(said: str) -> list[dict]:
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_evicted_job_attaches_to_its_operation(endpoint: str, models: None, number: int) -> None:
    uid = uuid.uuid4()
    first = Pod(job(seed=number), endpoint, uid).start()
    assert first.stdout is not None
    accepted = json.loads(first.stdout.readline())
    terminate(first, number)
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 143 if number == signal.SIGTERM else first.returncode != 0
    assert "result" not in [each["event"] for each in events(said)]

    again = Pod(job(seed=number), endpoint, uid).start()
    said, told = again.communicate(timeout=200)
    assert again.returncode == 0, told
    assert events(said)[0] == accepted
    (result,) = (each for each in events(said) if each["event"] == "result")
    assert result["operation"] == accepted["operation"]
    with Client(endpoint) as client:
        names = [each.name for each in client.jobs()]
        assert client.finding_set(result["finding_set"]).count == 3
    assert names.count(accepted["operation"]) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"generator": "nothing"}, 4), ({"parameters": {"x": 1}}, 2), ({"method": "nonsense"}, 4)],
)
def test_what_no_further_pod_can_mend_fails_the_job(
    endpoint: str, models: None, changes: dict, code: int
) -> None:
    pod = Pod(job(**changes), endpoint, uuid.uuid4()).start()
    _, told = pod.communicate(timeout=60)
    assert pod.returncode == code, told
    rules = render(combinations.merged(combinations.LEAST, {"batch": {"discoveries": [DISCOVERY]}}))
    (policy,) = (each["spec"]["podFailurePolicy"] for each in rules if each["kind"] == "Job")
    failing = [rule for rule in policy["rules"] if rule["action"] == "FailJob"]
    assert code in failing[0]["onExitCodes"]["values"]


def test_a_gateway_that_is_away_is_no_reason_to_give_up(models: None) -> None:
    pod = Pod(job(), "127.0.0.1:1", uuid.uuid4()).start()
    pod.communicate(timeout=60)
    assert pod.returncode == 3


def test_nightly_keeps_the_best_of_every_generator(
    endpoint: str, models: None, tmp_path: Path
) -> None:
    nightly = {"enabled": True, "methods": ["sefa", "interfacegan"], "samples": 512}
    objects = render(combinations.merged(combinations.LEAST, {"batch": {"nightly": nightly}}))
    (script,) = (o["data"] for o in objects if "nightly.py" in o.get("data", {}))
    assert script["nightly.py"] == (ROOT / "helm/directrix/files/nightly.py").read_text()
    folder = tmp_path / "nightly"
    folder.mkdir()
    (folder / "nightly.py").write_text(script["nightly.py"])
    for each in (tmp_path, folder):
        each.chmod(0o755)
    pod = Pod(container_of(objects, "-nightly"), endpoint, uuid.uuid4(), {"nightly": folder})
    process = pod.start()
    said, told = process.communicate(timeout=250)
    assert process.returncode == 0, told
    kept = {each["generator"].rpartition("/")[2]: each for each in events(said)}
    best = kept["batch-toy"]
    assert best["of"] == 2 and best["merit"] > 6 and "/findingSets/" in best["finding_set"]
