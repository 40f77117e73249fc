"""Artifacts: bytes in a store, and the catalogue of what they mean."""

from services.artifacts.folder import FolderStore
from services.artifacts.memory import MemoryStore
from services.artifacts.s3 import S3Store
from services.artifacts.store import ArtifactStore
from services.settings import Settings

__all__ = ["ArtifactStore", "open_store"]


def open_store(settings: Settings) -> ArtifactStore:
    """The store that the settings name; it is not touched before its first use."""
    match settings.store_kind:
        case "folder":
            return FolderStore(settings.store_folder)
        case "memory":
            return MemoryStore()
        case "s3":
            return S3Store(
                settings.store_endpoint,
                settings.store_bucket,
                settings.store_access_key.get_secret_value(),
                settings.store_secret_key.get_secret_value(),
                settings.store_secure,
            )
