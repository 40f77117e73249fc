"""Where remote predictors are: the operator's settings say it, never a card or a request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from directrix.errors import InvalidField

SETTING = "DIRECTRIX_REMOTE_PREDICTORS"
_ALIAS = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_TARGET = re.compile(r"(?P<scheme>grpcs?://)?(?P<address>(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d+)")


@dataclass(frozen=True)
class Target:
    """address: "host:port". secure: over TLS."""

    address: str
    secure: bool = False


def read_targets(setting: Mapping[str, str]) -> dict[str, Target]:
    """ "host:port", "grpc://host:port", or with TLS "grpcs://host:port", by alias.

    Raises InvalidField.
    """
    found = {}
    for alias, text in setting.items():
        target = _TARGET.fullmatch(text)
        if not _ALIAS.fullmatch(alias) or not target:
            raise InvalidField(
                f"{SETTING} maps aliases like shop to host:port or grpcs://host:port, not "
                f"{alias[:60]!r} to {text[:60]!r}",
                field="remote_predictors",
            )
        found[alias] = Target(target["address"], target["scheme"] == "grpcs://")
    return found
