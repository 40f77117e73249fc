"""Images built with buildah where no container engine and no registry is.

Two bases are made of Debian packages (`mmdebstrap`) and stand in for the one that the Dockerfiles
name: one with pip and venv, where environments are made, and one with Python alone, where they run.
pip's own configuration goes in as a secret of the build, so no image holds it.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

FOLDER = ROOT / "build/images"
BASES = {
    "build-base": ("minbase", "python3,python3-venv,ca-certificates"),
    "base": ("essential", "python3,ca-certificates,libstdc++6,netbase,passwd,tzdata,usr-is-merged"),
}
"""Name of a base -> variant of mmdebstrap, and packages beside that."""
WITHOUT = ("doc", "info", "locale", "man")
"""Folders of /usr/share, where only the copyright of each package is kept."""
PIP_FILES = (Path("/etc/pip.conf"), Path.home() / ".config" / "pip" / "pip.conf")


@dataclass(frozen=True)
class Image:
    """A built image: its root file system, unpacked, and what its Dockerfile says of a start."""

    name: str
    digest: str
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


def make_bases() -> None:
    """Once: Debians with Python, as the images of BASES. Raises CalledProcessError."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    there = buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines()
    for name, (variant, packages) in BASES.items():
        archive = FOLDER / f"{name}.tar"
        if not archive.exists():
            _bootstrap(archive, variant, packages)
        if _tag(name) not in there:
            container = buildah("from", "scratch")
            buildah("add", "--quiet", container, str(archive), "/")
            buildah("commit", "--quiet", "--rm", container, _tag(name))


def _bootstrap(archive: Path, variant: str, packages: str) -> None:
    sources = sorted(Path("/etc/apt/sources.list.d").glob("debian.sources"))
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in WITHOUT]
    made = ["mmdebstrap", f"--variant={variant}", f"--include={packages}", "--quiet", *left_out]
    made += ["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"]  # else perl does that
    made += ["--dpkgopt=path-include=/usr/share/doc/*/copyright", "bookworm"]
    part = archive.with_suffix(".part.tar")
    subprocess.run([*made, str(part), *map(str, sources)], check=True)
    part.rename(archive)


def _tag(name: str) -> str:
    return f"localhost/{name}:latest"


def build(name: str, dockerfile: str) -> Image:
    """Builds docker/`dockerfile` on the bases. Raises CalledProcessError."""
    arguments = ["--isolation", "chroot", "--pull-never"]
    arguments += ["--build-arg", f"BASE_IMAGE={_tag('base')}"]
    arguments += ["--build-arg", f"BUILD_IMAGE={_tag('build-base')}"]
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


def digest(tag: str) -> str:
    """Of an image's manifest, as "sha256:HEX"."""
    lines = buildah("images", "--format", "{{.Name}}:{{.Tag}} {{.Digest}}").splitlines()
    return dict(line.split() for line in lines)[tag]


def base_digests() -> dict[str, str]:
    return {_tag(name): digest(_tag(name)) for name in BASES}


def base_megabytes() -> float:
    """The base that images run on, unpacked, as `du` counts."""
    container = buildah("from", "--pull-never", _tag("base"))
    try:
        return _kilobytes(Path(buildah("mount", container))) / 1024
    finally:
        buildah("rm", container)


def unpack(name: str, tag: str) -> Image:
    """The image as a folder, with its configuration."""
    container = buildah("from", "--pull-never", tag)
    root = Path(buildah("mount", container))
    facts = json.loads(buildah("inspect", "--type", "image", tag))
    config = facts["Docker"]["config"]
    return Image(
        name=name,
        digest=digest(tag),
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
