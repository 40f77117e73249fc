"""What a job may cost, what it has cost so far, and what went wrong on its way."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from directrix.errors import BudgetExceeded

FAILURES = 8
"""The last ones, kept with the record."""


class Priority(StrEnum):
    """Among the jobs of one project. Between projects it changes nothing: they take turns."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class _Note(BaseModel):
    """Fields that a newer release has added are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Spent(_Note):
    """seconds: of workers' time, over all attempts. images: rendered or scored. memory_mb: the most
    that a worker's process held while it was at the job, megabytes of 2^20 bytes."""

    seconds: float = 0.0
    images: int = 0
    memory_mb: int = 0


class Budget(BaseModel):
    """The most that a job may spend; 0 means no limit. A limit that is not known here is refused:
    nobody would keep to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(default=0.0, ge=0)
    images: int = Field(default=0, ge=0)
    memory_mb: int = Field(default=0, ge=0)

    def check(self, spent: Spent) -> None:
        """Raises BudgetExceeded."""
        for name, unit in (("seconds", "s"), ("images", "images"), ("memory_mb", "MB")):
            allowed, used = getattr(self, name), getattr(spent, name)
            if allowed and used > allowed:
                raise BudgetExceeded(
                    f"the budget of {allowed:g} {unit} is spent: {used:g} {unit} so far",
                    budget=name,
                    allowed=f"{allowed:g}",
                    spent=f"{used:g}",
                )


class Failure(_Note):
    """Why an attempt ended without getting to its end. reason: of the catalogue of errors."""

    time: datetime
    attempt: int
    reason: str
    message: str
