"""The page of metrics: it is served, bounded, and named as Prometheus wants it."""

import os
import shutil
import subprocess
import urllib.request

import pytest
from prometheus_client import REGISTRY

from services.settings import Settings
from services.sight import metrics


def page() -> bytes:
    shown = metrics.expose(Settings(metrics_port=0), "gateway")
    assert shown is not None
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{shown.port}/metrics", timeout=5) as answer:
            return answer.read()
    finally:
        shown.close()


def test_nothing_listens_where_no_port_is_named() -> None:
    assert metrics.expose(Settings(), "gateway") is None


def test_the_page_says_what_runs_here() -> None:
    assert b'directrix_build_info{python="' in page()


def test_names_and_types_pass_promtool() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is missing: apt-get install prometheus")
        pytest.skip("promtool is missing: apt-get install prometheus")
    import services.gateway.server
    import services.serving.executor
    import services.worker.counts  # noqa: F401 (all that is counted anywhere)

    answer = subprocess.run([promtool, "check", "metrics"], input=page(), capture_output=True)
    assert answer.stdout + answer.stderr == b""
    assert answer.returncode == 0


def test_time_is_observed_also_where_the_body_fails() -> None:
    def count() -> float:
        labels = {"stage": "encode"}
        return REGISTRY.get_sample_value("directrix_edit_stage_seconds_count", labels) or 0.0

    before = count()
    with pytest.raises(ValueError), metrics.timed(metrics.EDIT_STAGE, stage="encode"):
        raise ValueError
    assert count() - before == 1


def test_states_are_shown_by_one_process_only() -> None:
    def value() -> float | None:
        return REGISTRY.get_sample_value("directrix_jobs_outstanding", {"state": "queued"})

    states = metrics.States(metrics.JOBS_OUTSTANDING)
    states.show({"queued": 3})
    assert value() == 3
    states.forget()
    assert value() is None
