"""Credentials: how a client says who it is, and whom it trusts. Secrets come from files only."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

import grpc

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Credentials:
    """What a client shows to the service.

    token_file: holds a bearer token or an API key; it is read at every call, so that tokens may be
    renewed beneath a running client. ca: PEM of the authorities that the service's certificate is
    checked against, those of the machine where it is unset. certificate, key: PEM, for services
    that want client certificates. tls: also without any of these files.
    """

    token_file: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    tls: bool = False

    def channel(self, target: str) -> grpc.ChannelCredentials | None:
        """For TLS, or None for a plain channel.

        Raises ValueError for half a pair, and for a token that would cross a network in the clear;
        OSError for files that cannot be read.
        """
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate and its key go together")
        if self.tls or self.ca or self.certificate:
            return grpc.ssl_channel_credentials(
                _read(self.ca), _read(self.key), _read(self.certificate)
            )
        if self.token_file is not None and not _on_loopback(target):
            raise ValueError(
                f"a token would go to {target} in the clear: use TLS (a CA file, or tls)"
            )
        return None

    def metadata(self) -> Metadata:
        """Of one call. Raises OSError, ValueError where the file has no token."""
        if self.token_file is None:
            return ()
        token = self.token_file.read_text("utf-8").strip()
        if not token or not token.isascii() or any(c.isspace() for c in token):
            raise ValueError(f"{self.token_file} holds no token: one line of ASCII is wanted")
        return (("authorization", f"Bearer {token}"),)


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()


def _on_loopback(target: str) -> bool:
    if target.startswith("unix:"):
        return True
    host = target.rpartition("/")[2].rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
