"""docs/sight.md names every metric with its labels, and none that is not there."""

import re

from prometheus_client import REGISTRY

import services.gateway.server
import services.serving.executor
import services.worker.counts  # noqa: F401 (all that is counted anywhere)
from tests.conftest import ROOT

PAGE = (ROOT / "docs/sight.md").read_text()
_ROW = re.compile(r"^\| `((?:grpc_server|directrix)_\w+)` \|([^|]*)\|", re.M)


def test_the_table_is_that_of_the_registry() -> None:
    written = {name: labels.strip() for name, labels in _ROW.findall(PAGE)}
    handled = f"{written['grpc_server_started_total']}, grpc_code"
    written["grpc_server_handled_total"] = handled
    there = {}
    for collector in set(REGISTRY._names_to_collectors.values()):
        name = getattr(collector, "_name", "")
        if name.startswith(("grpc_server_", "directrix_")):
            total = "_total" if collector._type == "counter" else ""
            there[name + total] = ", ".join(collector._labelnames)
    assert written == there
