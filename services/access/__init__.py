"""Who calls, and what a caller may do.

principal.py     Scope, Principal: the result of every identification
watched.py       files that are read again when they change
tokens.py        bearer tokens (JWT) against a file of public keys (JWKS)
keys.py          API keys, of which only hashes are stored
certificates.py  client certificates (mTLS) and what their names are entitled to
identities.py    all of these together; the open mode
rates.py         how much a project may ask for
"""

from services.access.identities import Identities
from services.access.principal import ALL_SCOPES, Principal, Scope

__all__ = ["ALL_SCOPES", "Identities", "Principal", "Scope"]
