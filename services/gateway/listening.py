"""Where the gateway may listen, and with which certificate.

Without authentication it listens on loopback only, and says so; beyond loopback it wants
authentication and TLS. Anything else does not start.
"""

import ipaddress
from dataclasses import dataclass

import grpc

from directrix.errors import InvalidField
from services.access import Identities
from services.access.watched import Watched
from services.settings import Settings


def check_listening(settings: Settings, identities: Identities) -> None:
    """Raises InvalidField for what would let anybody in, or show secrets to the network."""
    if (settings.gateway_certificate is None) != (settings.gateway_key is None):
        raise InvalidField(
            "TLS takes both DIRECTRIX_GATEWAY_CERTIFICATE and DIRECTRIX_GATEWAY_KEY",
            field="gateway_certificate",
        )
    tls = settings.gateway_certificate is not None
    if settings.gateway_client_ca is not None and not tls:
        raise InvalidField(
            "client certificates need TLS: set DIRECTRIX_GATEWAY_CERTIFICATE and "
            "DIRECTRIX_GATEWAY_KEY",
            field="gateway_client_ca",
        )
    if settings.access_clients is not None and settings.gateway_client_ca is None:
        raise InvalidField(
            "nobody checks the certificates that DIRECTRIX_ACCESS_CLIENTS lists: set "
            "DIRECTRIX_GATEWAY_CLIENT_CA",
            field="access_clients",
        )
    hosts = {"gateway_host": settings.gateway_host}
    if not identities.open:
        hosts["gateway_admin_host"] = settings.gateway_admin_host
    for field, host in hosts.items():
        if not is_loopback(host):
            _check_beyond(field, host, identities, tls)


def _check_beyond(field: str, host: str, identities: Identities, tls: bool) -> None:
    if identities.open:
        raise InvalidField(
            f"without authentication the gateway listens on loopback only, not on {host}: set "
            "DIRECTRIX_GATEWAY_HOST=127.0.0.1, or name who may call (docs/access.md)",
            field=field,
        )
    if not tls:
        raise InvalidField(
            f"credentials would cross the network in the clear: to listen on {host}, set "
            "DIRECTRIX_GATEWAY_CERTIFICATE and DIRECTRIX_GATEWAY_KEY",
            field=field,
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class _Files:
    chain: Watched[bytes]
    key: Watched[bytes]
    authorities: Watched[bytes] | None

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        authorities = self.authorities.value if self.authorities else None
        return grpc.ssl_server_certificate_configuration(
            [(self.key.value, self.chain.value)], authorities
        )


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """TLS as the settings want it, or None. A renewed certificate holds from the next handshake on.

    Raises InvalidField for files that cannot be read.
    """
    if settings.gateway_certificate is None or settings.gateway_key is None:
        return None
    ca = settings.gateway_client_ca
    files = _Files(
        chain=Watched(settings.gateway_certificate, _pem, "certificate"),
        key=Watched(settings.gateway_key, _pem, "key"),
        authorities=Watched(ca, _pem, "file of client authorities") if ca else None,
    )
    for file in (files.chain, files.key, files.authorities):
        if file is not None:
            file.check()
    return grpc.dynamic_ssl_server_credentials(
        files.configuration(), files.configuration, require_client_authentication=ca is not None
    )


def _pem(data: bytes) -> bytes:
    if b"-----BEGIN " not in data:
        raise ValueError("not in PEM form")
    return data
