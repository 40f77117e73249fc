"""The operator's doctor, where things are not as they should be; where they are: tests/e2e."""

from pathlib import Path

import pytest
import redis

from directrix.cli.checks import Check, State, checked
from directrix.errors import DirectrixError
from services.doctor import _disk, _listeners, looks
from services.settings import Settings

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue\n"


def found(config: Settings) -> dict[str, Check]:
    errors = (DirectrixError, OSError, redis.RedisError)
    return {check.name: check for check in checked(looks(config), errors)}


def test_each_part_fails_by_itself(tmp_path: Path) -> None:
    config = Settings(
        store_kind="folder",
        store_folder=tmp_path / "store",
        redis_url="redis://127.0.0.1:1/0",
        inference_target="127.0.0.1:1",
    )
    checks = found(config)
    assert checks["store"].state is checks["store, conditional writes"].state is State.OK
    for name in ("broker", "broker, clock", "workers", "replicas"):
        assert checks[name].state is State.FAIL
        assert "redis://" not in checks[name].says
    assert list((tmp_path / "store").rglob("probes/*")) == []


@pytest.mark.parametrize(
    ("address", "wide"),
    [
        ("0100007F", False),
        ("00000000", True),
        ("0101A8C0", True),
    ],
)
def test_listeners_beyond_loopback_are_told(tmp_path: Path, address: str, wide: bool) -> None:
    port = f"{50051:04X}"
    (tmp_path / "tcp").write_text(f"{HEAD}   0: {address}:{port} 00000000:0000 0A 00:00 00:00\n")
    (tmp_path / "tcp6").write_text(HEAD)
    state, says, _ = _listeners(Settings(gateway_port=50051), tmp_path)
    assert state is (State.WARN if wide else State.OK)
    assert "gateway" in says


@pytest.mark.parametrize(
    ("address", "wide"),
    [
        ("00000000000000000000000001000000", False),
        ("0000000000000000FFFF00000100007F", False),
        ("00000000000000000000000000000000", True),
    ],
)
def test_so_are_those_of_ipv6(tmp_path: Path, address: str, wide: bool) -> None:
    line = f"   0: {address}:{9000:04X} {'0' * 32}:0000 0A 00:00 00:00\n"
    (tmp_path / "tcp").write_text(HEAD)
    (tmp_path / "tcp6").write_text(HEAD + line)
    state, says, _ = _listeners(Settings(metrics_port=9000), tmp_path)
    assert state is (State.WARN if wide else State.OK)
    assert "metrics" in says


def test_the_disk_of_the_store_is_looked_at(tmp_path: Path) -> None:
    _, says, _ = _disk(Settings(store_kind="folder", store_folder=tmp_path / "not" / "there"))
    assert says.endswith("GiB free")
