"""The table of costs is what its script says."""

import importlib.util
import sys

from tests.conftest import ROOT

spec = importlib.util.spec_from_file_location("sizing", ROOT / "deploy/sizing.py")
assert spec is not None and spec.loader is not None
sizing = importlib.util.module_from_spec(spec)
sys.modules["sizing"] = sizing
spec.loader.exec_module(sizing)


def test_the_docs_have_the_scripts_table() -> None:
    assert sizing.main([]) in (ROOT / "docs/kubernetes.md").read_text()


def test_the_formula_by_hand() -> None:
    """1e6 edits x 3.6e9 FLOP at half of 2 TFLOP/s are an hour."""
    (_, _, row) = sizing.main(["--operations", "3.6e9", "--reached", "0.5", "X:2:1.5"]).splitlines()
    assert row.split("|")[-3:-1] == [" 1.0 ", " 1.50 "]
