"""What is removed from an image's environment, and what stays."""

import importlib.util
from pathlib import Path

from tests.conftest import ROOT

spec = importlib.util.spec_from_file_location("trim", ROOT / "docker/trim.py")
assert spec is not None and spec.loader is not None
trim = importlib.util.module_from_spec(spec)
spec.loader.exec_module(trim)

GOES = (
    "numpy/_core/tests/test_a.py",
    "numpy/tests/tests/test_b.py",
    "Crypto/SelfTest/c.py",
    "torch/include/d.h",
    "torch/bin/test_jit",
    "ray/jars/e.jar",
)
STAYS = (
    "numpy/testing/a.py",
    "torch/bin/torch_shm_manager",
    "torch/lib/libtorch.so",
    "ray/tests.py",
)


def test_tests_and_headers_go_and_the_rest_stays(tmp_path: Path) -> None:
    packages = tmp_path / "lib/python3.12/site-packages"
    for name in (*GOES, *STAYS):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_bytes(b"four")
    assert trim.trim(tmp_path) == 4 * len(GOES)
    left = {str(path.relative_to(packages)) for path in packages.rglob("*") if path.is_file()}
    assert left == set(STAYS)
