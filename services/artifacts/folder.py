"""FolderStore: objects as files of a folder; every write is whole or absent."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from directrix.errors import InvalidField, ObjectExists, ObjectNotFound, StoreUnavailable
from services.artifacts.store import ArtifactStore

_DRAFTS = ".drafts"


class FolderStore(ArtifactStore):
    """For one machine: files are written beside the tree and then renamed or linked into it."""

    def __init__(self, root: Path):
        self._root = root

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise ObjectNotFound(f"there is no object {key}", key=key) from error
        except OSError as error:
            raise _unavailable() from error

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        try:
            self._draft(path, data).replace(path)
        except OSError as error:
            raise _unavailable() from error

    def put_new(self, key: str, data: bytes) -> None:
        path = self._path(key)
        try:
            draft = self._draft(path, data)
            try:
                # a hard link, unlike a rename, fails where the name is taken
                os.link(draft, path)
            finally:
                draft.unlink()
        except FileExistsError as error:
            raise ObjectExists(f"there is an object {key} already", key=key) from error
        except OSError as error:
            raise _unavailable() from error

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        found: list[str] = []
        for folder, folders, files in os.walk(self._start(prefix)):
            if _DRAFTS in folders:
                folders.remove(_DRAFTS)
            place = Path(folder).relative_to(self._root)
            found.extend((place / name).as_posix() for name in files)
        return iter(sorted(key for key in found if key.startswith(prefix) and key > after))

    def delete(self, key: str) -> None:
        try:
            self._path(key).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise _unavailable() from error

    @property
    def conditional(self) -> bool:
        return True

    def _start(self, prefix: str) -> Path:
        """The deepest folder that holds every key with this prefix."""
        return self._root.joinpath(*prefix.split("/")[:-1])

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in ("", ".", "..", _DRAFTS) or "\0" in part for part in parts):
            raise InvalidField(f"{key!r} is no key of an object", field="key")
        return self._root.joinpath(*parts)

    def _draft(self, path: Path, data: bytes) -> Path:
        """The bytes on disk, under a name that no key has."""
        drafts = self._root / _DRAFTS
        drafts.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = drafts / uuid.uuid4().hex
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return draft


def _unavailable() -> StoreUnavailable:
    return StoreUnavailable("the folder of the artifact store cannot be read or written")
