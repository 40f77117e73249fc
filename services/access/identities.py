"""Identities: from what a call carries to who makes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from directrix.errors import InvalidField, Unauthenticated
from services.access.certificates import Certificates, Peer, read_clients
from services.access.keys import PREFIX, ApiKeys, read_keys
from services.access.principal import ALL_SCOPES, Principal
from services.access.tokens import Tokens, read_jwks
from services.access.watched import Watched
from services.settings import Settings
from services.sight import ids

Metadata = Sequence[tuple[str, str | bytes]]
HEADER = "authorization"
_SCHEME = "bearer "
MOST_CHARACTERS = 8192
OPEN_MODE = "open: no authentication, loopback only"


@dataclass(frozen=True)
class Identities:
    """Every way in that is configured. Where there is none, everybody is `anybody`."""

    anybody: Principal
    """Of the open mode."""
    tokens: Tokens | None = None
    keys: ApiKeys | None = None
    certificates: Certificates | None = None

    @property
    def open(self) -> bool:
        """Whether nobody has to say who they are."""
        return not (self.tokens or self.keys or self.certificates)

    @property
    def in_words(self) -> str:
        """For whoever starts it."""
        ways = {
            "tokens": self.tokens,
            "API keys": self.keys,
            "client certificates": self.certificates,
        }
        return ", ".join(name for name, way in ways.items() if way is not None) or OPEN_MODE

    def bearer(self, metadata: Metadata) -> Principal | None:
        """Who a call's metadata says it is; None where they say nothing, or need not.

        Raises Unauthenticated, and Unavailable where a file of credentials cannot be read.
        """
        if self.open:
            return self.anybody
        found = [value for name, value in metadata if name == HEADER]
        if not found:
            return None
        text = found[0]
        if len(found) > 1 or not isinstance(text, str) or len(text) > MOST_CHARACTERS:
            raise Unauthenticated("one authorization is wanted")
        if not text.lower().startswith(_SCHEME):
            raise Unauthenticated("an authorization is 'Bearer' and a token or an API key")
        secret = text[len(_SCHEME) :].strip()
        source = self.keys if secret.startswith(PREFIX) else self.tokens
        if source is None:
            raise Unauthenticated("such credentials are not accepted here")
        return source.identify(secret)

    def peer(self, peer: Peer) -> Principal:
        """Who the other end's certificate says it is. Raises Unauthenticated."""
        found = self.certificates.identify(peer) if self.certificates else None
        if found is None:
            raise Unauthenticated("the call says nothing about who makes it")
        return found

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those that the settings name. Raises InvalidField for files that cannot be read."""
        anybody = Principal(ids.ANYBODY, {settings.project: ALL_SCOPES})
        tokens, keys, certificates = None, None, None
        if settings.token_keys is not None:
            if not settings.token_issuer or not settings.token_audience:
                raise InvalidField(
                    "tokens are accepted of one issuer and for one audience: set "
                    "DIRECTRIX_TOKEN_ISSUER and DIRECTRIX_TOKEN_AUDIENCE",
                    field="token_issuer",
                )
            jwks = Watched(settings.token_keys, read_jwks, "file of token keys")
            jwks.check()
            tokens = Tokens(
                jwks,
                settings.token_issuer,
                settings.token_audience,
                settings.token_leeway_seconds,
                settings.token_claim,
            )
        if settings.access_keys is not None:
            file = Watched(settings.access_keys, read_keys, "file of API keys")
            file.check()
            keys = ApiKeys(file)
        if settings.access_clients is not None:
            clients = Watched(settings.access_clients, read_clients, "file of clients")
            clients.check()
            certificates = Certificates(clients)
        return cls(anybody, tokens, keys, certificates)
