"""Backup and restore of a project: one tar file, which says of every object what it has to be.

    backup.json, then objects in the order of `keys.KINDS`, then digests.json

What points to others is listed before what it points to: a job that writes meanwhile can add to
the content, and never leave something in the file without what it needs.
"""

import io
import json
import tarfile
from pathlib import Path

from directrix.archive import sha256
from directrix.errors import ArchiveInvalid, ObjectExists, ObjectNotFound
from services.artifacts import keys
from services.artifacts.store import ArtifactStore

HEAD, DIGESTS = "backup.json", "digests.json"
FORMAT = 1


def backup(store: ArtifactStore, project: str, path: Path) -> int:
    """How many objects were written. The file is whole or absent. Raises OSError."""
    digests: dict[str, str] = {}
    draft = path.with_name(f".{path.name}.draft")
    try:
        with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, HEAD, json.dumps({"format": FORMAT, "project": project}).encode())
            for prefix in keys.belongings(project):
                for key in store.keys(prefix):
                    try:
                        data = store.get(key)
                    except ObjectNotFound:
                        continue  # tidied up since it was listed
                    digests[key] = sha256(data)
                    _add(tar, key, data)
            _add(tar, DIGESTS, json.dumps(digests).encode())
        draft.chmod(0o600)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return len(digests)


def restore(store: ArtifactStore, path: Path) -> tuple[str, int]:
    """The project and how many objects it has now; content is written before what points to it.

    The whole file is checked first. Raises ArchiveInvalid, and ObjectExists where the project has
    anything already: erase it, or leave it.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            members = {member.name: member for member in tar.getmembers() if member.isfile()}
            head, digests = (json.loads(_read(tar, members[name])) for name in (HEAD, DIGESTS))
            project, entries = str(head["project"]), dict(digests)
            if head["format"] != FORMAT or set(entries) != members.keys() - {HEAD, DIGESTS}:
                raise ArchiveInvalid("the backup is of another format, or lacks objects")
            if not all(key.startswith(keys.belongings(project)) for key in entries):
                raise ArchiveInvalid("the backup holds what is of no project")
            for key, digest in entries.items():
                if sha256(_read(tar, members[key])) != digest:
                    raise ArchiveInvalid(f"object {key} of the backup has changed", key=key)
            if any(next(store.keys(prefix), None) for prefix in keys.belongings(project)):
                raise ObjectExists(f"project {project} has objects already: erase it first")
            for prefix in reversed(keys.belongings(project)):
                for key in sorted(key for key in entries if key.startswith(prefix)):
                    store.put(key, _read(tar, members[key]))
    except (tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise ArchiveInvalid(f"{path} is no backup of a project") from error
    return project, len(entries)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    tar.addfile(member, io.BytesIO(data))


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    if file is None:
        raise ArchiveInvalid(f"{member.name} is no file")
    return file.read()
