"""Credentials: read from files at every call, and never sent over a network in the clear."""

from pathlib import Path

import pytest

from directrix.client import Client, Credentials


@pytest.fixture
def token(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("dx_0a_secret\n")
    return tmp_path / "token"


def test_a_renewed_token_is_sent(token: Path) -> None:
    credentials = Credentials(token)
    assert credentials.metadata() == (("authorization", "Bearer dx_0a_secret"),)
    token.write_text("another")
    assert credentials.metadata() == (("authorization", "Bearer another"),)
    assert Credentials().metadata() == ()


@pytest.mark.parametrize("text", ["", "\n", "two words", "two\nlines", "ä"])
def test_what_is_no_token_is_not_sent(token: Path, text: str) -> None:
    token.write_text(text)
    with pytest.raises(ValueError, match="holds no token"):
        Credentials(token).metadata()


LOOPBACK = ["127.0.0.1:50051", "localhost:50051", "[::1]:50051", "dns:///localhost:50051",
            "unix:/run/gateway.sock"]  # fmt: skip


@pytest.mark.parametrize("target", LOOPBACK)
def test_a_token_may_stay_on_the_machine(token: Path, target: str) -> None:
    assert Credentials(token).channel(target) is None


@pytest.mark.parametrize("target", ["gateway.example:50051", "192.0.2.1:50051", "127.0.0.1.evil:1"])
def test_no_token_crosses_a_network_in_the_clear(token: Path, target: str) -> None:
    with pytest.raises(ValueError, match="in the clear"):
        Client(target, credentials=Credentials(token))
    assert Credentials(token, tls=True).channel(target) is not None
    assert Credentials().channel(target) is None


def test_half_a_pair_and_absent_files_are_refused(token: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="go together"):
        Client("localhost:1", credentials=Credentials(certificate=token))
    with pytest.raises(FileNotFoundError):
        Client("localhost:1", credentials=Credentials(ca=tmp_path / "nothing"))
