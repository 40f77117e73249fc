"""Generates directrix/v1 and directrix/inference from the protos; --check: are they up to date?

Run by `make protos` in an environment of its own (grpcio-tools 1.80.0, mypy-protobuf 5.1.0): its
protobuf conflicts with Ray's, and code made by it runs on every protobuf from 6.33.5 to 7. The
check needs no generator: it compares digests of protos and code with those noted beside them.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROTOS = Path(__file__).parent
ROOT = PROTOS.parent
VALIDATE = "from buf.validate import validate_pb2"
OURS = "from directrix.v1 import validate_pb2"


NO_SERVICE = ("validate_pb2_grpc", "open_inference_pb2_grpc")
DIGESTS = ROOT / "directrix" / "v1" / "PROTOS.sha256"


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        return _check()
    with tempfile.TemporaryDirectory() as folder:
        _compile(Path(folder))
        for package in ("v1", "inference/v1"):
            _place(Path(folder) / "directrix" / package, ROOT / "directrix" / package)
        _place(Path(folder) / "buf" / "validate", ROOT / "directrix" / "v1", clean=False)
        _place(Path(folder) / "inference", ROOT / "directrix" / "inference" / "open_inference")
    DIGESTS.write_text(_digests())
    return 0


def _check() -> int:
    if DIGESTS.exists() and DIGESTS.read_text() == _digests():
        return 0
    print("directrix/v1 was not generated from these protos, or was edited: run `make protos`")
    return 1


def _digests() -> str:
    """One line for the protos, one for the generated code."""
    code = [ROOT / "directrix" / "v1", ROOT / "directrix" / "inference"]
    made = [file for folder in code for file in folder.rglob("*.py*") if file.suffix != ".pyc"]
    return f"{_digest([*PROTOS.rglob('*.proto')])}  protos\n{_digest(made)}  code\n"


def _digest(files: list[Path]) -> str:
    names = {file.relative_to(ROOT).as_posix(): file for file in files}
    lines = (f"{name} {hashlib.sha256(names[name].read_bytes()).hexdigest()}" for name in names)
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _compile(out: Path) -> None:
    ours = (str(path.relative_to(PROTOS)) for path in PROTOS.glob("directrix/**/*.proto"))
    sources = [*sorted(ours), "buf/validate/validate.proto", "inference/open_inference.proto"]
    outputs = [f"--{kind}_out={out}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    paths = [f"-I{PROTOS / 'third_party'}", f"-I{PROTOS}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", *paths, *outputs, *sources]
    subprocess.run(command, check=True)


def _place(made: Path, target: Path, clean: bool = True) -> None:
    if clean:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        (target / "__init__.py").write_text('"""Generated from protos/; never edited."""\n')
        if target.parent.name == "inference":
            (target.parent / "__init__.py").write_text('"""Generated from protos/."""\n')
    for file in made.iterdir():
        if file.name.startswith(NO_SERVICE):
            continue
        text = file.read_text().replace(VALIDATE, OURS)
        text = text.replace("import buf.validate.validate_pb2", "import directrix.v1.validate_pb2")
        text = text.replace("buf.validate.validate_pb2.", "directrix.v1.validate_pb2.")
        (target / file.name).write_text(text)


if __name__ == "__main__":
    sys.exit(main())
