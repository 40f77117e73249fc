"""Images built with buildah where no container engine and no registry is.

The base is made of Debian packages (`mmdebstrap`) and stands in for the one that the Dockerfiles
name. pip's own configuration goes in as a secret of the build, so no image holds it.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

FOLDER = ROOT / "build/images"
BASE = "localhost/base:latest"
PACKAGES = "python3,python3-venv,ca-certificates"
PIP_FILES = (Path("/etc/pip.conf"), Path.home() / ".config" / "pip" / "pip.conf")


@dataclass(frozen=True)
class Image:
    """A built image: its root file system, unpacked, and what its Dockerfile says of a start."""

    name: str
    root: Path
    environment: dict[str, str]
    command: list[str]
    folder: str
    user: str
    health: list[str]

    @property
    def megabytes(self) -> float:
        """Everything in it, the base too, as `du` counts."""
        return _kilobytes(self.root) / 1024


def buildah(*arguments: str, **options: object) -> str:
    """Raises CalledProcessError."""
    driver = os.environ.get("STORAGE_DRIVER", "overlay")
    storage = ["--root", f"{FOLDER}/{driver}", "--runroot", f"{FOLDER}/run-{driver}"]
    command = ["buildah", *storage, "--storage-driver", driver, *arguments]
    taken = {"stdout": subprocess.PIPE, "text": True, "cwd": ROOT, **options}
    done = subprocess.run(command, check=True, **taken)
    return (done.stdout or "").strip()


def make_base() -> None:
    """Once: a Debian with Python, as the image BASE."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    archive = FOLDER / "base.tar"
    if not archive.exists():
        sources = sorted(Path("/etc/apt/sources.list.d").glob("debian.sources"))
        made = ["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "--quiet", "bookworm"]
        subprocess.run([*made, str(archive), *map(str, sources)], check=True)
    if BASE not in buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
        container = buildah("from", "scratch")
        buildah("add", "--quiet", container, str(archive), "/")
        buildah("commit", "--quiet", "--rm", container, BASE)


def build(name: str, dockerfile: str) -> Image:
    """Builds docker/`dockerfile` on BASE. Raises CalledProcessError."""
    arguments = ["--isolation", "chroot", "--pull-never", "--build-arg", f"BASE_IMAGE={BASE}"]
    arguments += [
        "--layers",
        "--secret",
        f"id=pip,src={_pip_configuration()}",
        "--format",
        "docker",
    ]
    arguments += [
        part for folder in _local_indexes() for part in ("--volume", f"{folder}:{folder}:ro")
    ]
    if certificates := os.environ.get("PIP_CERT"):
        arguments += ["--volume", f"{certificates}:{certificates}:ro"]
    tag = f"localhost/directrix-{name}:latest"
    log = FOLDER / f"{name}.log"
    with log.open("w") as said:
        arguments += ["-f", f"docker/{dockerfile}", "-t", tag, "."]
        buildah("bud", *arguments, stdout=said, stderr=said)
    return unpack(name, tag)


def unpack(name: str, tag: str) -> Image:
    """The image as a folder, with its configuration."""
    container = buildah("from", "--pull-never", tag)
    root = Path(buildah("mount", container))
    facts = json.loads(buildah("inspect", "--type", "image", tag))
    config = facts["Docker"]["config"]
    return Image(
        name=name,
        root=root,
        environment=dict(entry.split("=", 1) for entry in config["Env"]),
        command=config["Cmd"],
        folder=config["WorkingDir"],
        user=config["User"],
        health=config["Healthcheck"]["Test"][1:],
    )


def _pip_configuration() -> Path:
    """What this machine tells pip, in one file."""
    lines: dict[str, str] = {}
    for path in filter(Path.exists, PIP_FILES):
        pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        lines |= {key.strip(): value.strip() for key, value in pairs}
    if links := os.environ.get("PIP_FIND_LINKS"):
        lines["find-links"] = links
    file = FOLDER / "pip.conf"
    file.touch(mode=0o600)
    file.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()))
    return file


def _local_indexes() -> list[str]:
    """Folders of this machine that pip's configuration names."""
    text = _pip_configuration().read_text()
    words = text.replace("file://", "").split()
    folders = {Path(word) for word in words if word.startswith("/") and Path(word).is_dir()}
    return sorted(str(folder.parent if folder.name == "simple" else folder) for folder in folders)


def _kilobytes(folder: Path) -> int:
    done = subprocess.run(["du", "-skx", str(folder)], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])
