"""Part: what the stack runs, how it is started and when it is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Part:
    """One child of the stack.

    needs: the parts that must be ready before it starts; ready: one quick look, without waiting,
    never raising; grace: seconds between TERM and KILL; address: what is shown to people.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    folder: str
    needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    grace: float = 10.0
    patience: float = 120.0
    """Seconds within which it must become ready at the first start."""
    longest_delay: float = 30.0
    """Seconds before it comes back when it dies again and again, at most."""

    def with_environment(self, more: Mapping[str, str]) -> "Part":
        return replace(self, environment={**self.environment, **more})
