"""Works: what does the work, by project. What serves one project knows no other.

request -> the project that it names -> Work of that project -> servicer's call
"""

from collections.abc import Callable

from google.protobuf.message import Message

from services.gateway.lookups import Kept
from services.gateway.projects import projects_in
from services.gateway.work import Work

MOST_PROJECTS = 256
"""Projects whose look-ups are remembered."""


class Works:
    """make: the work of a project. The guard has seen to it that a request names one only."""

    def __init__(self, make: Callable[[str], Work], default: str):
        self._make = make
        self._default = default
        self._kept: Kept[Work] = Kept(MOST_PROJECTS)

    def of(self, request: Message) -> Work:
        """A request without a name goes to the default project, which refuses it in its words."""
        project = next(projects_in(request), self._default)
        return self._kept.get(project) or self._kept.put(project, self._make(project))
