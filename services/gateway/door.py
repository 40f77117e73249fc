"""Door: who may come in, and what for. Three steps, each before what costs more:

headers -> bearer        before the body of the request is read
headers, peer -> admit   before it is decoded
request -> authorise     before anything is looked up
"""

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from directrix.errors import InvalidField, PermissionDenied, ProjectNotFound, Unauthenticated
from services.access import Identities, Principal
from services.access.identities import Metadata
from services.gateway.projects import projects_in
from services.gateway.scopes import ADMIN, OPEN, REFLECTION, SCOPES

NOBODY = Principal("", {})
"""Makes calls that need nothing."""


@dataclass(frozen=True)
class Door:
    """Of one port. admin: whether calls that only admins make are answered there."""

    identities: Identities
    reflection: bool = True
    admin: bool = True

    def bearer(self, method: str, metadata: Metadata) -> Principal | None:
        """Who the headers say it is; None where a certificate may say it.

        Raises Unauthenticated where nothing else could.
        """
        if self._needs_nothing(method):
            return NOBODY
        found = self.identities.bearer(metadata)
        if found is None and self.identities.certificates is None:
            raise Unauthenticated(
                "say who you are: 'authorization: Bearer' and a token or an API key"
            )
        return found

    def admit(self, method: str, bearer: Principal | None, context: Any) -> Principal:
        """Whoever may make such calls somewhere. Raises Unauthenticated, PermissionDenied."""
        if bearer is NOBODY:
            return bearer
        caller = bearer or self.identities.peer(context.auth_context())
        needed = SCOPES.get(method, OPEN)
        if not caller.anywhere(needed):
            raise PermissionDenied(f"these credentials are not for {method}", method=method)
        if needed == ADMIN and not self.admin:
            raise PermissionDenied(f"{method} is answered at the admin port only", method=method)
        return caller

    def authorise(self, method: str, caller: Principal, request: Message) -> str:
        """The project of a request that the caller may make; empty where it needs none.

        Raises PermissionDenied, ProjectNotFound in the open mode, and InvalidField where the
        request names no project or several: nothing of one is used in another.
        """
        if caller is NOBODY:
            return ""
        named = sorted(set(projects_in(request)))
        if self.identities.open:
            return self._only(named)
        for project in named:
            if not caller.scopes(project) & SCOPES[method]:
                raise PermissionDenied(
                    f"these credentials are not for {method} in projects/{project}",
                    method=method,
                    project=project,
                )
        if len(named) != 1:
            raise InvalidField("a request speaks of one project", field="project")
        return named[0]

    def _only(self, named: list[str]) -> str:
        """The open mode has one project."""
        (only,) = self.identities.anybody.grants
        for project in named:
            if project != only:
                raise ProjectNotFound(f"there is no project {project}", name=f"projects/{project}")
        return only

    def _needs_nothing(self, method: str) -> bool:
        if method == REFLECTION and not self.reflection:
            return False
        return SCOPES.get(method) == OPEN
