"""Limits by project, in a process and over a real Valkey for several of them."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from directrix.errors import InvalidField, RateLimited, Unavailable
from services.access.rates import Rates, open_rates
from services.settings import Settings
from tests.integration.servers import valkey


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


def file(folder: Path, **limits: object) -> Path:
    path = folder / "limits.json"
    path.write_text(json.dumps(limits))
    return path


async def admitted(rates: Rates, project: str, images: int, calls: int = 50) -> int:
    count = 0
    for _ in range(calls):
        try:
            await rates.take(project, 1, images)
        except RateLimited:
            return count
        count += 1
    return count


def test_nothing_is_limited_without_a_file() -> None:
    assert asyncio.run(admitted(open_rates(Settings()), "shoes", 100)) == 50


def test_one_project_is_refused_and_another_is_not(tmp_path: Path) -> None:
    path = file(tmp_path, default={}, projects={"shoes": {"images_per_minute": 10}})
    rates = open_rates(Settings(limits_file=path))
    assert asyncio.run(admitted(rates, "shoes", 3)) == 3
    assert asyncio.run(admitted(rates, "bags", 3)) == 50
    with pytest.raises(RateLimited) as caught:
        asyncio.run(rates.take("shoes", 1, 3))
    assert caught.value.metadata["project"] == "shoes"
    assert caught.value.metadata["limit"] == "10 images a minute"
    assert 0 < float(caught.value.metadata["retry_seconds"]) <= 60


def test_one_request_dearer_than_the_limit_is_not_locked_out_for_ever(tmp_path: Path) -> None:
    rates = open_rates(Settings(limits_file=file(tmp_path, default={"images_per_minute": 10})))
    assert asyncio.run(admitted(rates, "shoes", 32)) == 1


def test_requests_a_second_come_back(tmp_path: Path) -> None:
    rates = open_rates(Settings(limits_file=file(tmp_path, default={"requests_per_second": 5})))

    async def scene() -> tuple[int, int]:
        first = await admitted(rates, "shoes", 0)
        await asyncio.sleep(2.05)
        return first, await admitted(rates, "shoes", 0)

    first, second = asyncio.run(scene())
    assert 5 <= first <= 10  # a second may turn meanwhile
    assert second >= 5


def test_limits_change_while_it_runs(tmp_path: Path) -> None:
    rates = open_rates(Settings(limits_file=file(tmp_path, default={"jobs_outstanding": 3})))
    assert rates.allowance("shoes").jobs_outstanding == 3
    file(tmp_path, default={}, projects={"shoes": {"jobs_outstanding": 1}})
    assert rates.allowance("shoes").jobs_outstanding == 1
    file(tmp_path, default={"jobs": 1})
    with pytest.raises(Unavailable):
        rates.allowance("shoes")
    with pytest.raises(InvalidField):
        open_rates(Settings(limits_file=tmp_path / "limits.json"))


def test_gateways_count_together_and_go_on_alone(tmp_path: Path, redis_url: str) -> None:
    path = file(tmp_path, default={"images_per_minute": 20})
    shared = Settings(limits_file=path, limits_storage="redis", redis_url=redis_url)
    rates = [open_rates(shared) for _ in range(2)]

    async def scene() -> int:
        return sum([await admitted(each, "shoes", 2) for each in rates])

    assert asyncio.run(scene()) == 10
    lost = Settings(limits_file=path, limits_storage="redis", redis_url="redis://127.0.0.1:1/0")
    assert asyncio.run(admitted(open_rates(lost), "shoes", 2)) == 10
