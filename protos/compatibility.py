"""Whether callers of the API as it was promised can go on: buf's breaking rules, a kept image.

    python protos/compatibility.py --check     part of `make lint`: what would break callers fails
    python protos/compatibility.py --promise   keeps the API as it is now; done with every release

Additions are fine; a field or call that is gone, renamed, renumbered or of another type is not.
What is internal (directrix.inference) and what is others' is left out.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PROTOS = Path(__file__).parent
PROMISED = PROTOS / "promised.binpb.gz"
BUF = str(Path(sys.executable).parent / "buf")
RULES = {
    "version": "v2",
    "breaking": {"use": ["FILE"], "ignore": ["buf", "google", "directrix/inference"]},
}


def main() -> int:
    if sys.argv[1:] == ["--promise"]:
        _build(PROTOS, PROMISED)
        return 0
    said = broken(PROTOS)
    if said:
        print(f"this breaks callers of the promised API:\n{said}", end="")
    return bool(said)


def broken(protos: Path) -> str:
    """A line for everything in these protos that breaks what was promised, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        now = Path(folder) / "now.binpb"
        _build(protos, now)
        command = [BUF, "breaking", str(now), "--against", str(PROMISED)]
        done = subprocess.run(
            [*command, "--config", json.dumps(RULES)], capture_output=True, text=True
        )
    if done.returncode and not done.stdout:
        raise RuntimeError(done.stderr)
    return done.stdout


def _build(protos: Path, image: Path) -> None:
    # one image: against the folder of two modules buf compares nothing
    command = [BUF, "build", str(protos), "--exclude-source-info", "-o", str(image)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
