"""`directrix audit verify`: whether the service's audit trail is whole; needs no service."""

import base64
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from directrix.cli.exits import Exit, reporting
from directrix.cli.output import say, show_json
from directrix.cli.session import Json
from directrix.trail import Chain, Signed
from directrix.trail import verify as verify_chains

HEAD = re.compile(r"(t[0-9a-f]+)=(\d+):([0-9a-f]{64})")


def verify(
    folder: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="Holds trail/ and trail-heads/."),
    ],
    project: Annotated[str, typer.Option(help="Whose trail.")] = "default",
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Public key (PEM) that heads must match."),
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(help="CHAIN=RECORD:SHA256, a head that was kept elsewhere; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify the audit trail: records changed, dropped, reordered or cut off are found.

    Examples:

    \b
      python -m services.trail export copy
      directrix audit verify copy
      directrix audit verify copy --key trail-public.pem --json

    FOLDER is a copy of the object store's trail/ and trail-heads/, made with any tool.
    Exit code 1 where something is wrong.
    """
    with reporting(as_json):
        signed = None if key is None else _checker(key.read_bytes())
        verdict = verify_chains(_chains(folder, project), signed, _expected(expect or []))
    if as_json:
        show_json(asdict(verdict))
    else:
        for problem in verdict.problems:
            print(f"{problem.fault}: {problem.chain}: {problem.text}")
        unsealed = f", {verdict.unsealed} not sealed yet" if verdict.unsealed else ""
        say(f"{verdict.records} records{unsealed}, {len(verdict.problems)} problems")
    if verdict.problems:
        raise typer.Exit(Exit.FAILED)


def _chains(folder: Path, project: str) -> list[Chain]:
    """Raises ValueError where the folder holds no trail of that project."""
    bodies, heads = folder / "trail" / project, folder / "trail-heads" / project
    names = {path.name for place in (bodies, heads) if place.is_dir() for path in place.iterdir()}
    if not names:
        raise ValueError(f"{folder} holds no audit trail of project {project}")
    return [
        Chain(
            name,
            [file.read_bytes() for file in sorted((bodies / name).glob("*"))],
            (heads / name).read_bytes() if (heads / name).is_file() else None,
        )
        for name in sorted(names)
    ]


def _expected(heads: list[str]) -> Mapping[str, tuple[int, str]]:
    found = {}
    for head in heads:
        match = HEAD.fullmatch(head)
        if match is None:
            raise ValueError(f"{head!r} is no head: CHAIN=RECORD:SHA256")
        found[match[1]] = (int(match[2]), match[3])
    return found


def _checker(public: bytes) -> Signed:
    """Raises ValueError where it is no key, or where nothing here can check signatures."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError as error:
        raise ValueError("to check signatures, pip install cryptography") from error
    key = load_pem_public_key(public)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the key is not of Ed25519")

    def check(data: bytes, signature: str) -> bool:
        try:
            key.verify(base64.b64decode(signature, validate=True), data)
        except (InvalidSignature, ValueError):
            return False
        return True

    return check
