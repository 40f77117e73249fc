"""The example of the environment names every setting, as the settings are."""

import importlib.util
from pathlib import Path

from services.settings import Settings

DEPLOY = Path(__file__).parents[3] / "deploy"


def test_the_example_is_current() -> None:
    spec = importlib.util.spec_from_file_location("environment", DEPLOY / "environment.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    example = (DEPLOY / "environment.example").read_text()
    assert module.page() == example
    assert all(f"DIRECTRIX_{name.upper()}=" in example for name in Settings.model_fields)
