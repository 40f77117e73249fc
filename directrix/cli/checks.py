"""What a doctor finds: one line a check, with the way out; or JSON."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from time import perf_counter

from directrix.cli.output import show_json, show_table


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It works, and something about it should be known."""
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """way_out: what to do next; empty where nothing needs doing. ms: what it took."""

    name: str
    state: State
    says: str
    way_out: str = ""
    ms: float = 0.0


Look = Callable[[], tuple[State, str, str]]
"""One look: its state, what it says, and the way out."""


def checked(looks: Iterable[tuple[str, Look]], errors: tuple[type[Exception], ...],
            way_out: Callable[[Exception], str] = lambda error: "") -> Iterator[Check]:  # fmt: skip
    """Every look, timed; `errors` are failures of what is looked at."""
    for name, look in looks:
        began = perf_counter()
        try:
            state, says, out = look()
        except errors as error:
            state, says, out = State.FAIL, str(error) or type(error).__name__, way_out(error)
        yield Check(name, state, says, out, round(1e3 * (perf_counter() - began), 1))


def show(checks: list[Check], as_json: bool) -> bool:
    """Prints them; whether nothing has failed."""
    healthy = all(check.state is not State.FAIL for check in checks)
    if as_json:
        show_json({"healthy": healthy, "checks": [asdict(check) for check in checks]})
        return healthy
    rows = [(check.state, check.name, check.says, check.way_out) for check in checks]
    show_table(("", "check", "what it says", "way out"), rows)
    return healthy
