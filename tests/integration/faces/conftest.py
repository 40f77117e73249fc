"""Face tests need what `make models-faces` obtains: skipped without it, failed without it in CI."""

import os

import pytest

from tests.integration.faces.files import missing, require


@pytest.fixture(autouse=True, scope="session")
def files() -> None:
    require(missing(), os.environ.get("CI") == "true")
