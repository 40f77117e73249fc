"""Where the gateway may listen."""

import pytest

from directrix.errors import InvalidField
from services.gateway.server import check_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
def test_loopback_is_allowed(host: str) -> None:
    check_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "::", "192.0.2.1", "example.org", ""])
def test_everything_else_is_refused(host: str) -> None:
    with pytest.raises(InvalidField, match="no authentication yet"):
        check_loopback(host)
