"""Client certificates: the authority that signed them was checked in the handshake of TLS."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from directrix.errors import Unauthenticated
from services.access.principal import Grants, Principal
from services.access.watched import Watched

Peer = Mapping[str, Sequence[bytes]]
"""What gRPC says of the other end: `context.auth_context()`."""

_ALTERNATIVE, _COMMON = "x509_subject_alternative_name", "x509_common_name"


class ClientFile(BaseModel):
    """Scopes by project, by the name in a certificate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: dict[str, Grants]


class Certificates:
    """A certificate is known by its alternative names or, where it has none, its common name."""

    def __init__(self, file: Watched[ClientFile]):
        self._file = file

    def identify(self, peer: Peer) -> Principal | None:
        """None where there is no certificate. Raises Unauthenticated for a name not listed."""
        names = peer.get(_ALTERNATIVE) or peer.get(_COMMON) or ()
        if not names:
            return None
        clients = self._file.value.clients
        for name in (raw.decode(errors="replace") for raw in names):
            if name in clients:
                return Principal(f"certificate:{name}"[:200], clients[name])
        raise Unauthenticated("the certificate is of nobody who is listed")


def read_clients(data: bytes) -> ClientFile:
    """Raises ValueError."""
    return ClientFile.model_validate_json(data)
