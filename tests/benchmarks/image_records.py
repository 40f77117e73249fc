"""Bills of materials and provenances, as docker/README.md tells people to make them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tests.benchmarks.image_builds import FOLDER, Image, base_digests
from tests.conftest import ROOT


def of_image(image: Image, began: str, ended: str) -> dict[str, object]:
    """What a row says of them. Times as RFC 3339. Raises CalledProcessError."""
    bases = base_digests()
    arguments = ["--started", began, "--finished", ended]
    arguments += ["image", image.name, "--digest", image.digest]
    for (name, digest), given in zip(bases.items(), ("BUILD_IMAGE", "BASE_IMAGE"), strict=True):
        arguments += ["--base", f"{name}={digest}", "--argument", f"{given}={name}"]
    return _written(image.name, ["image", image.name, str(image.root)], arguments)


def of_wheel() -> dict[str, object]:
    """Makes the wheel first. Raises CalledProcessError."""
    folder = FOLDER / "wheel"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    digest = sha256(path.read_bytes()).hexdigest()
    return {"digest": f"sha256:{digest}"} | _written(
        "wheel", ["wheel", str(path)], ["wheel", str(path)]
    )


def packages(name: str) -> set[str]:
    """Names of the Python packages in a bill that was written."""
    return {
        each["name"] for each in _components(name) if each.get("purl", "").startswith("pkg:pypi/")
    }


def components(name: str) -> int:
    """How many a bill that was written names."""
    return len(_components(name))


def _components(name: str) -> list[dict]:
    return json.loads(_bill(name).read_text())["components"]


def _bill(name: str) -> Path:
    return FOLDER / f"{name}.cdx.json"


def _written(name: str, bill: Sequence[str], provenance: Sequence[str]) -> dict[str, object]:
    _bill(name).write_text(_told("bill.py", bill))
    statement = FOLDER / f"{name}.intoto.json"
    statement.write_text(_told("provenance.py", provenance))
    definition = json.loads(statement.read_text())["predicate"]["buildDefinition"]
    return {
        "components": components(name),
        "bill_sha256": sha256(_bill(name).read_bytes()).hexdigest(),
        "materials": len(definition["resolvedDependencies"]),
        "provenance_sha256": sha256(statement.read_bytes()).hexdigest(),
    }


def _told(program: str, arguments: Sequence[str]) -> str:
    command = [sys.executable, str(ROOT / "docker" / program), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
