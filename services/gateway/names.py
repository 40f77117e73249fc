"""Resource names -> ids, and back: of one project, whose requests know no other."""

import re
from dataclasses import dataclass

from directrix.errors import InvalidField, ProjectNotFound

ID = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"projects/({ID})/(models|findingSets|audits|operations)/({ID})")
_PARENT = re.compile(rf"projects/({ID})")


@dataclass(frozen=True)
class Names:
    """Names within one project."""

    project: str

    def parent(self, text: str, field: str = "parent") -> None:
        """Raises ProjectNotFound for any other project."""
        match = _PARENT.fullmatch(text)
        if match is None:
            raise InvalidField(f"{field} is a name like projects/{self.project}", field=field)
        self._check(match[1])

    def model(self, name: str, field: str = "name") -> str:
        """The id of "projects/{p}/models/{m}"."""
        return self._id(name, "models", field)

    def finding_set(self, name: str, field: str = "name") -> str:
        return self._id(name, "findingSets", field)

    def audit(self, name: str, field: str = "name") -> str:
        return self._id(name, "audits", field)

    def operation(self, name: str, field: str = "name") -> str:
        return self._id(name, "operations", field)

    def of(self, collection: str, id: str) -> str:
        return f"projects/{self.project}/{collection}/{id}"

    def _id(self, name: str, collection: str, field: str) -> str:
        match = _NAME.fullmatch(name)
        if match is None or match[2] != collection:
            wanted = self.of(collection, "<id>")
            raise InvalidField(f"{field} is a name like {wanted}", field=field)
        self._check(match[1])
        return match[3]

    def _check(self, project: str) -> None:
        if project != self.project:
            raise ProjectNotFound(f"there is no project {project}", name=f"projects/{project}")
