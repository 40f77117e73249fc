"""`python trim.py FOLDER`: removes from a virtual environment what no service reads.

Tests of packages, torch's headers and test programs, Ray's Java. Prints the megabytes that went.
"""

import shutil
import sys
from pathlib import Path

TESTS = {"tests", "SelfTest"}
"""Names of folders, at any depth."""
OTHERS = (
    "ray/jars",
    "torch/bin/*StoreTest",
    "torch/bin/protoc*",
    "torch/bin/test_*",
    "torch/include",
    "torch/share",
    "torch/test",
)
"""Below site-packages."""


def trim(environment: Path) -> int:
    """Bytes that were removed."""
    removed = 0
    for packages in environment.glob("lib/python3*/site-packages"):
        tests = [path for path in packages.rglob("*") if path.name in TESTS and path.is_dir()]
        others = [path for pattern in OTHERS for path in packages.glob(pattern)]
        removed += sum(map(_remove, [*tests, *others]))
    return removed


def _remove(path: Path) -> int:
    if path.is_file():
        size = path.stat().st_size
        path.unlink()
        return size
    files = [each for each in path.rglob("*") if each.is_file() and not each.is_symlink()]
    size = sum(each.stat().st_size for each in files)
    shutil.rmtree(path, ignore_errors=True)  # one inside another that went already
    return size


if __name__ == "__main__":
    print(f"{trim(Path(sys.argv[1])) / 2**20:.0f} MB of tests, headers and the like removed")
