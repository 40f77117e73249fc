"""Whence an image or a wheel is: an unsigned in-toto statement with SLSA's provenance, version 1.

    python docker/provenance.py image NAME --digest sha256:HEX --base IMAGE=sha256:HEX
        [--argument NAME=VALUE] ...
    python docker/provenance.py wheel FILE

It names the commit, what of the tree was changed since, the Dockerfile and locks by digest, the
base images and the build's arguments. Secrets of a build are no arguments. To standard output, as
JSON.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILDS = {"image": "urn:directrix:build:image:1", "wheel": "urn:directrix:build:wheel:1"}
"""Kinds of build; docker/README.md tells what their parameters are."""
Descriptor = dict[str, Any]


def statement(
    kind: str,
    subject: Descriptor,
    parameters: dict[str, Any],
    materials: list[Descriptor],
    run: dict[str, Any],
) -> dict[str, Any]:
    """kind: "image" or "wheel". run: who built, and when."""
    definition = {
        "buildType": BUILDS[kind],
        "externalParameters": parameters,
        "resolvedDependencies": [*_source(), *materials],
    }
    predicate = {"buildDefinition": definition, "runDetails": run}
    return {
        "_type": STATEMENT,
        "subject": [subject],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }


def locks(dockerfile: Path) -> list[str]:
    """The locks that a Dockerfile copies, as paths below the checkout."""
    return re.findall(r"^COPY (docker/\S+\.lock) ", dockerfile.read_text(), re.MULTILINE)


def _source() -> Iterable[Descriptor]:
    """The commit, and each file that is not as it was committed (a removed one without digest)."""
    yield {"name": "source", "digest": {"gitCommit": _git("rev-parse", "HEAD").strip()}}
    for line in filter(None, _git("status", "--porcelain", "--no-renames", "-z").split("\0")):
        path = line[3:]
        if (ROOT / path).is_file():
            yield _file(path) | {"annotations": {"changed": True}}
        else:
            yield {"name": path, "uri": f"file:{path}", "annotations": {"changed": True}}


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _file(path: str) -> Descriptor:
    return {"name": path, "digest": {"sha256": sha256((ROOT / path).read_bytes()).hexdigest()}}


def _image(asked: argparse.Namespace, run: dict[str, Any]) -> dict[str, Any]:
    dockerfile = f"docker/{asked.name}.Dockerfile"
    materials = [_file(path) for path in (dockerfile, *locks(ROOT / dockerfile))]
    materials += [{"name": name, "digest": _digest(value)} for name, value in asked.base]
    parameters = {"dockerfile": dockerfile, "arguments": dict(asked.argument)}
    subject = {"name": f"directrix-{asked.name}", "digest": _digest(asked.digest)}
    return statement("image", subject, parameters, materials, run)


def _wheel(asked: argparse.Namespace, run: dict[str, Any]) -> dict[str, Any]:
    digest = sha256(asked.path.read_bytes()).hexdigest()
    subject = {"name": asked.path.name, "digest": {"sha256": digest}}
    materials = [_file(path) for path in ("pyproject.toml", "requirements.lock")]
    return statement("wheel", subject, {"distribution": "directrix"}, materials, run)


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm: value}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text}: NAME=VALUE is wanted")
    return name, value


def main(arguments: Sequence[str]) -> str:
    parser = argparse.ArgumentParser(description="Provenance of an image or a wheel.")
    parser.add_argument("--builder", default="urn:directrix:builder:checkout", metavar="URI")
    parser.add_argument("--started", metavar="TIME", help="RFC 3339")
    parser.add_argument("--finished", metavar="TIME", help="RFC 3339")
    kinds = parser.add_subparsers(dest="kind", required=True)
    image = kinds.add_parser("image", help="of an image")
    image.add_argument("name")
    image.add_argument("--digest", required=True, metavar="sha256:HEX")
    image.add_argument("--base", type=_pair, action="append", required=True, metavar="IMAGE=DIGEST")
    image.add_argument("--argument", type=_pair, action="append", default=[], metavar="NAME=VALUE")
    wheel = kinds.add_parser("wheel", help="of a wheel")
    wheel.add_argument("path", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    times = {"startedOn": asked.started, "finishedOn": asked.finished}
    run = {
        "builder": {"id": asked.builder},
        "metadata": {name: value for name, value in times.items() if value},
    }
    return json.dumps((_image if asked.kind == "image" else _wheel)(asked, run), indent=1)


if __name__ == "__main__":
    print(main(sys.argv[1:]))
