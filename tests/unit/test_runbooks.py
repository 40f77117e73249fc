"""Service levels and run books speak of what is there: metrics, reasons, settings, figures."""

import re

import pytest
from prometheus_client import REGISTRY

import services.gateway.server
import services.serving.executor
import services.worker.counts  # noqa: F401 (all that is counted anywhere)
from directrix import errors
from services.settings import Settings
from tests.conftest import ROOT

PAGES = {name: (ROOT / f"docs/{name}.md").read_text() for name in ("slo", "runbooks", "sight")}
BENCHMARKS = (ROOT / "docs/benchmarks.md").read_text()
OF_TYPE = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("", "_bucket", "_sum", "_count"),
}


def metrics() -> set[str]:
    """Every name under which a sample or a family may be asked for."""
    found = set()
    for collector in set(REGISTRY._names_to_collectors.values()):
        for suffix in OF_TYPE.get(getattr(collector, "_type", ""), ()):
            found.add(collector._name + suffix)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_metric_is_there(page: str) -> None:
    named = set(re.findall(r"\b(?:grpc_server|directrix)_[a-z_]+[a-z]\b", PAGES[page]))
    assert named - metrics() == set()
    assert len(named) > 5


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_is_there(page: str) -> None:
    named = set(re.findall(r"DIRECTRIX_([A-Z_]+[A-Z])\b", PAGES[page]))
    assert {name.lower() for name in named} - set(Settings.model_fields) == set()


def test_every_reason_is_there() -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", PAGES["runbooks"]))
    reasons = {
        kind.reason
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.DirectrixError)
    }
    settings = {f"DIRECTRIX_{name.upper()}" for name in Settings.model_fields}
    assert named - settings - reasons == set()
    assert len(named - settings) >= 6


def test_figures_are_those_of_the_benchmarks() -> None:
    """Figure and value stand side by side in the table of service levels."""
    quoted = re.findall(r"`(\w+)` (\d[\d.]*)", PAGES["slo"])
    assert len(quoted) >= 5
    for figure, value in quoted:
        number = float(value)
        rows = re.findall(rf"\| `{figure}` \| ([\d.e+-]+) \|", BENCHMARKS)
        assert number in [float(row) for row in rows], figure


def test_there_are_ten_run_books_each_with_its_three_parts() -> None:
    books = re.split(r"^## (?=\d+\. )", PAGES["runbooks"], flags=re.MULTILINE)[1:]
    assert [int(book.split(".")[0]) for book in books] == list(range(1, 11))
    for book in books:
        assert [part for part in ("**Shows**", "**Look**", "**Do**") if part not in book] == []
