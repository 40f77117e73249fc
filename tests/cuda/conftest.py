"""Tests of what only a GPU can show: tolerance to the CPU, CUDA graphs, bfloat16, shares of a GPU.

Where torch sees no CUDA they are skipped as a whole, in continuous integration too: a GPU cannot be
installed, and this is the one skip for which there is no way out. `make test` leaves the folder
alone there; whoever names it is told.
"""

from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent
AWAY = not torch.cuda.is_available()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = any(Path(given.split("::")[0]).resolve().is_relative_to(HERE) for given in config.args)
    return True if AWAY and not named else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if AWAY and HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="torch sees no CUDA device"))


@pytest.fixture(scope="session")
def cuda() -> torch.device:
    from directrix.devices import device

    return device("cuda")
