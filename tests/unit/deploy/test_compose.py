"""The compose file: its variables are settings, its secrets are asked for, nothing has rights."""

import re
from pathlib import Path

import yaml

from services.settings import Settings
from services.stack.stores import SEAWEEDFS_PORTS
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:[-?])?([^}]*)\}")
GIVEN = {
    "DIRECTRIX_INFERENCE_SECRET": "a",
    "DIRECTRIX_PAGE_TOKEN_SECRET": "b",
    "DIRECTRIX_STORE_ACCESS_KEY": "c",
    "DIRECTRIX_STORE_SECRET_KEY": "d",
    "DIRECTRIX_REDIS_URL": "redis://:e@127.0.0.1:6379/0",
}


def composed(given: dict[str, str]) -> dict:
    """The file with its variables filled in. Raises KeyError for one that is asked for."""

    def fill(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        return given[name] if kind == ":?" else given.get(name, default)

    return yaml.safe_load(VARIABLE.sub(fill, COMPOSE.read_text()))


def example() -> dict[str, str]:
    lines = (DEPLOY / "compose.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_variable_is_a_setting_with_a_right_value(monkeypatch) -> None:
    known = {f"DIRECTRIX_{name.upper()}" for name in Settings.model_fields}
    services = composed(GIVEN)["services"]
    for name in ("gateway", "serving", "worker", "serving-gpu", "worker-gpu"):
        variables = services[name]["environment"]
        ours = {key for key in variables if key.startswith("DIRECTRIX_")}
        assert ours <= known, ours - known
        for key, value in variables.items():
            monkeypatch.setenv(key, str(value))
        settings = Settings()
        assert settings.redis_url.get_secret_value() == GIVEN["DIRECTRIX_REDIS_URL"]
        assert settings.inference_target == "127.0.0.1:50061"
        assert settings.device == ("cuda" if name.endswith("-gpu") else "cpu")


def test_what_is_asked_for_stands_in_the_example() -> None:
    text = COMPOSE.read_text()
    asked = {name for name, kind, _ in VARIABLE.findall(text) if kind == ":?"}
    assert asked == set(GIVEN)
    assert asked <= set(example())
    used = {name for name, _, _ in VARIABLE.findall(text)} | {"COMPOSE_PROFILES"}
    assert set(example()) <= used


def test_profiles_are_whole() -> None:
    services = composed(GIVEN)["services"]
    assert set(example()["COMPOSE_PROFILES"].split(",")) == {"bundled", "cpu"}

    def started(*profiles: str) -> set[str]:
        return {
            name
            for name, each in services.items()
            if not each.get("profiles") or set(each["profiles"]) & set(profiles)
        }

    assert started("cpu") == {"gateway", "serving", "worker"}
    assert started("bundled", "gpu") == {"gateway", "serving-gpu", "worker-gpu", "redis", "store"}


def test_nothing_has_rights_and_nothing_listens_beyond_loopback() -> None:
    services = composed(GIVEN)["services"]
    for name, each in services.items():
        assert each["user"] == "10001:10001", name
        assert each["read_only"] is True and each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert "ports" not in each and "privileged" not in each, name
    assert services["gateway"]["environment"]["DIRECTRIX_GATEWAY_HOST"] == "127.0.0.1"
    assert "bind 127.0.0.1" in str(services["redis"]["command"])
    assert "-ip.bind=127.0.0.1" in str(services["store"]["command"])
    assert "s3" in SEAWEEDFS_PORTS


def test_images_are_those_of_the_dockerfiles() -> None:
    built = {
        path.name.removesuffix(".Dockerfile") for path in Path(ROOT / "docker").glob("*.Dockerfile")
    }
    named = {each["image"].split(":")[0] for each in composed(GIVEN)["services"].values()}
    assert {f"directrix-{name}" for name in built} <= named
