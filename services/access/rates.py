"""Rates: how much a project may ask for, of this process or, over Redis, of all gateways."""

import time
from pathlib import Path

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from pydantic import BaseModel, ConfigDict, Field

from directrix.errors import RateLimited
from services.access.watched import Watched
from services.settings import Settings


class Allowance(BaseModel):
    """Of one project; None is without a limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_second: int | None = Field(default=None, ge=1)
    images_per_minute: int | None = Field(default=None, ge=1)
    jobs_outstanding: int | None = Field(default=None, ge=1)
    """Jobs that have not ended."""


class LimitFile(BaseModel):
    """default: of every project that has no allowance of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Allowance = Allowance()
    projects: dict[str, Allowance] = {}

    def of(self, project: str) -> Allowance:
        return self.projects.get(project, self.default)


class Rates:
    """Counts by sliding windows. file: the allowances, read again when they change; without one
    nothing is limited.

    shared: where gateways count together; while it does not answer, each counts for itself.
    """

    def __init__(
        self,
        file: Watched[LimitFile] | None = None,
        shared: RedisStorage | None = None,
    ):
        self._file = file
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(shared) if shared else None

    def allowance(self, project: str) -> Allowance:
        return self._file.value.of(project) if self._file else Allowance()

    async def take(self, project: str, requests: int, images: int) -> None:
        """Raises RateLimited, and says when to come back."""
        allowed = self.allowance(project)
        if requests and allowed.requests_per_second is not None:
            second = RateLimitItemPerSecond(allowed.requests_per_second)
            await self._take(second, project, "requests a second", requests)
        if images and allowed.images_per_minute is not None:
            minute = RateLimitItemPerMinute(allowed.images_per_minute)
            await self._take(minute, project, "images a minute", images)

    async def _take(self, item: RateLimitItem, project: str, what: str, cost: int) -> None:
        # what is dearer than a whole window waits for an empty one
        cost = min(cost, item.amount)
        for limiter in (self._shared, self._own):
            if limiter is None:
                continue
            try:
                if await limiter.hit(item, project, what, cost=cost):
                    return
                stats = await limiter.get_window_stats(item, project, what)
            except StorageError:
                continue
            raise RateLimited(
                f"project {project} may ask for {item.amount} {what}",
                project=project,
                limit=f"{item.amount} {what}",
                retry_seconds=f"{max(stats.reset_time - time.time(), 0.05):.2f}",
            )


def open_rates(settings: Settings) -> Rates:
    """Those that the settings name. Raises InvalidField for a file that cannot be read."""
    if settings.limits_file is None:
        return Rates()
    file = Watched(Path(settings.limits_file), LimitFile.model_validate_json, "file of limits")
    file.check()
    if settings.limits_storage == "memory":
        return Rates(file)
    url = settings.redis_url.get_secret_value()
    return Rates(file, RedisStorage(f"async+{url}", wrap_exceptions=True, implementation="redispy"))
