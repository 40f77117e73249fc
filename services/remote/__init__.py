"""Remote predictors: where they are, and how they are asked."""

from services.remote.exchange import GrpcExchange
from services.remote.targets import Target, read_targets
from services.settings import Settings

__all__ = ["GrpcExchange", "Target", "open_exchange", "read_targets"]


def open_exchange(settings: Settings) -> GrpcExchange:
    """To the services that the settings name; connects nothing. Raises InvalidField, OSError."""
    roots = settings.remote_roots.read_bytes() if settings.remote_roots else None
    return GrpcExchange(read_targets(settings.remote_predictors), settings.remote_seconds, roots)
