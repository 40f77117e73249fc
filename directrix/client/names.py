"""Resource names: short ids become full names, full names stay as they are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """The names of one project: "fashion" is "projects/{project}/models/fashion"."""

    project: str = "default"

    @property
    def parent(self) -> str:
        return f"projects/{self.project}"

    def model(self, name: str) -> str:
        return self._full("models", name)

    def finding_set(self, name: str) -> str:
        return self._full("findingSets", name)

    def audit(self, name: str) -> str:
        return self._full("audits", name)

    def operation(self, name: str) -> str:
        return self._full("operations", name)

    def _full(self, collection: str, name: str) -> str:
        return name if "/" in name else f"{self.parent}/{collection}/{name}"


def short(name: str) -> str:
    """The last part of a resource name."""
    return name.rsplit("/", 1)[-1]
