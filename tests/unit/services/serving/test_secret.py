"""Who may enter."""

import pytest

from directrix.errors import InvalidField
from services.inference.channel import SECRET_KEY
from services.serving.secret import admits
from services.serving.server import PlainServer


@pytest.mark.parametrize(
    ("metadata", "enters"),
    [
        ([(SECRET_KEY, "s")], True),
        ([("application", "x"), (SECRET_KEY, b"s")], True),
        ([(SECRET_KEY, "t")], False),
        ([(SECRET_KEY, "")], False),
        ([(SECRET_KEY, "s"), (SECRET_KEY, "s")], False),
        ([], False),
    ],
)
def test_only_calls_with_the_secret_enter(metadata, enters):
    assert admits("s", metadata) is enters


def test_without_a_secret_everybody_enters():
    assert admits("", [])


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.0.0.1", "inference.internal"])
def test_a_server_without_a_secret_stays_on_loopback(host):
    with pytest.raises(InvalidField):
        PlainServer(None, host, 0, "")
    PlainServer(None, host, 0, "secret")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_loopback_needs_no_secret(host):
    PlainServer(None, host, 0, "")
