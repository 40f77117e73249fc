"""Principal: whoever calls, and what it may do in which project."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, TypeAdapter, ValidationError

EVERY_PROJECT = "*"
"""Where grants name it in place of a project, they hold in all, also in those to come."""

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


class Scope(StrEnum):
    """What a call needs. Reading takes any scope of the project; none implies another."""

    EDIT = "edit"
    EXPLAIN = "explain"
    DISCOVER = "discover"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)


def _project(text: str) -> str:
    if text != EVERY_PROJECT and _ID.fullmatch(text) is None:
        raise ValueError(f"{text[:80]!r} is no id of a project, and not {EVERY_PROJECT!r}")
    return text


Grants = dict[Annotated[str, AfterValidator(_project)], frozenset[Scope]]
"""Scopes by project, as files and tokens write it: {"shoes": ["edit", "explain"]}."""
_GRANTS: TypeAdapter[Grants] = TypeAdapter(Grants)


@dataclass(frozen=True)
class Principal:
    """subject: who it is, for logs. grants: scopes by project."""

    subject: str
    grants: Mapping[str, frozenset[Scope]]

    def scopes(self, project: str) -> frozenset[Scope]:
        """What it may do there; nothing where nobody said anything."""
        everywhere = self.grants.get(EVERY_PROJECT, frozenset())
        return self.grants.get(project, frozenset()) | everywhere

    def anywhere(self, scopes: frozenset[Scope]) -> bool:
        """Whether it has one of these scopes in some project."""
        return any(scopes & granted for granted in self.grants.values())


def read_grants(value: object) -> Grants:
    """Raises ValueError, in words without the value."""
    try:
        return _GRANTS.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"scopes by project are wanted: {first['msg']}") from error
