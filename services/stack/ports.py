"""Free loopback ports, from a range that neither outgoing connections nor Ray use."""

import random
import socket
from collections.abc import Mapping

LOWEST, HIGHEST = 21000, 29999
"""Below Linux's ephemeral ports (from 32768) and Ray Serve's direct ingress (30000, 40000)."""


def is_free(port: int) -> bool:
    """Whether nothing listens on it, on any interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def choose(names: list[str], before: Mapping[str, int]) -> dict[str, int]:
    """A free port for each name: the one it had before where that is still free."""
    chosen: dict[str, int] = {}
    for name in names:
        port = before.get(name, 0)
        while not port or port in chosen.values() or not is_free(port):
            port = random.randint(LOWEST, HIGHEST)
        chosen[name] = port
    return chosen
