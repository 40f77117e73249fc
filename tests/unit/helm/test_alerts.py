"""Alert rules by promtool, and that rules and dashboard ask for metrics that there are."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.unit.helm.chart import FOLDER, ROOT

ALERTS = FOLDER / "files/alerts.yaml"
CASES = Path(__file__).with_name("alerts_test.yaml")
METRIC = re.compile(r"\b(?:directrix|grpc_server)_[a-z_]+\b")


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        reason = "promtool is not there: apt-get install prometheus"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return str(found)


def test_promtool_has_nothing_to_say(promtool: str) -> None:
    run = subprocess.run([promtool, "check", "rules", ALERTS], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_fires_where_it_should(promtool: str, tmp_path: Path) -> None:
    shutil.copy(ALERTS, tmp_path / "alerts.yaml")
    shutil.copy(CASES, tmp_path / "cases.yaml")
    command = [promtool, "test", "rules", "cases.yaml"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    cases = yaml.safe_load(CASES.read_text())["tests"]
    fired = {
        test["alertname"]
        for case in cases
        for test in case["alert_rule_test"]
        if test["exp_alerts"]
    }
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    assert fired == {rule["alert"] for rule in rules}


def test_what_is_asked_for_is_measured() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "services").rglob("*.py"))
    dashboard = json.loads((FOLDER / "files/dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for rule in yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]]
    names = {name for expression in asked for name in METRIC.findall(expression)}
    assert len(names) > 10
    for name in names:
        assert re.sub(r"_(bucket|sum|count)$", "", name) in sources, name
