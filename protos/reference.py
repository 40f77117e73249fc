"""Writes docs/api.md from the protos and protos/examples; --check: is it up to date?

Comments, field behaviour and bounds are those of the protos. Every call has a request that can be
typed as it stands, with `buf curl`; the tests type all of them.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from google.api import field_behavior_pb2
from google.longrunning import operations_pb2
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from directrix.v1 import validate_pb2

PROTOS = Path(__file__).parent
EXAMPLES = PROTOS / "examples"
PAGE = PROTOS.parent / "docs" / "api.md"
PACKAGES = ("directrix.v1", "google.longrunning")
HEALTH = "grpc.health.v1.Health"
NAME_PART = "[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
"""What stands for one part of a resource name in the rules, and is a star on the page."""
BAR = "\\|"
"""A bar that ends no cell of a table."""
INTRODUCTION = """# API

Made from `protos/` by `python protos/reference.py`; `make lint` compares. The grammar is that of
Google's API improvement proposals: resource names, page tokens, field behaviour, long-running
operations. Errors: [errors.md](errors.md). Every request below can be typed as it stands against
`make up`, once this has been:

```bash
{before}
```

`buf curl` asks the gateway itself for the messages, by reflection. $DIRECTRIX_ENDPOINT is where it
listens: 127.0.0.1:50051 unless `make up` says another port.
"""


def page() -> str:
    files = [file for file in _files() if file.package in PACKAGES]
    services = "\n".join(part for file in files for part in _services(file))
    messages = "\n".join(part for file in files for part in _types(file))
    before = (EXAMPLES / "before.sh").read_text().strip()
    return "\n".join(
        (INTRODUCTION.format(before=before), services, _health(), "## Messages\n", messages)
    )


def _files() -> list[FileDescriptorProto]:
    command = [
        str(Path(sys.executable).parent / "buf"),
        "build",
        str(PROTOS),
        "--as-file-descriptor-set",
        "-o",
        "-",
    ]
    built = subprocess.run(command, check=True, capture_output=True).stdout
    return sorted(FileDescriptorSet.FromString(built).file, key=lambda file: file.name)


def _services(file: FileDescriptorProto) -> Iterator[str]:
    said = _comments(file)
    for place, service in enumerate(file.service):
        full = f"{file.package}.{service.name}"
        yield f"## {service.name}\n\n`{full}`. {said.get((6, place), '')}\n"
        for i, method in enumerate(service.method):
            streams = ("stream " * method.client_streaming, "stream " * method.server_streaming)
            yield f"### {service.name}.{method.name}\n\n{said.get((6, place, 2, i), '')}\n"
            asked, answer = _link(method.input_type), _link(method.output_type)
            yield f"{streams[0]}{asked} -> {streams[1]}{answer}{_promised(method)}\n"
            yield _example(full, method.name)


def _promised(method: object) -> str:
    """What a long-running operation ends with."""
    info = method.options.Extensions[operations_pb2.operation_info]  # type: ignore[attr-defined]
    if not info.response_type:
        return ""
    response, metadata = (
        _link(f".directrix.v1.{name}") for name in (info.response_type, info.metadata_type)
    )
    return f", which ends with {response}; its metadata are {metadata}"


def _health() -> str:
    text = (
        "`grpc.health.v1.Health`, by service name; without one: whether everything is. "
        "The service `liveness` serves as long as the gateway lives."
    )
    return f"## Health\n\n{text}\n\n{_example(HEALTH, 'Check')}"


def _example(service: str, method: str) -> str:
    request = (EXAMPLES / f"{service.rpartition('.')[2]}.{method}.json").read_text().rstrip()
    return (
        "```bash\nbuf curl --http2-prior-knowledge --protocol grpc -d @- \\\n"
        f"    http://$DIRECTRIX_ENDPOINT/{service}/{method} <<END\n{request}\nEND\n```\n"
    )


def _types(file: FileDescriptorProto) -> Iterator[str]:
    said = _comments(file)
    for i, message in enumerate(file.message_type):
        yield from _message(message, (4, i), said, "")
    for i, enum in enumerate(file.enum_type):
        yield _enum(enum, (5, i), said, "")


def _message(
    message: DescriptorProto, path: tuple[int, ...], said: dict[tuple[int, ...], str], inside: str
) -> Iterator[str]:
    if message.options.map_entry:
        return
    name = f"{inside}{message.name}"
    entries = {each.name: each for each in message.nested_type if each.options.map_entry}
    lines = [f"### {name}", "", said.get(path, ""), ""]
    if message.field:
        lines += ["| field | type | | meaning |", "|---|---|---|---|"]
    for i, field in enumerate(message.field):
        kind = _kind(field, entries)
        meaning = said.get((*path, 2, i), "")
        lines.append(f"| `{field.name}` | {kind} | {_bounds(field)} | {meaning} |")
    yield "\n".join(lines) + "\n"
    for i, inner in enumerate(message.nested_type):
        yield from _message(inner, (*path, 3, i), said, f"{name}.")
    for i, enum in enumerate(message.enum_type):
        yield _enum(enum, (*path, 4, i), said, f"{name}.")


def _enum(
    enum: EnumDescriptorProto, path: tuple[int, ...], said: dict[tuple[int, ...], str], inside: str
) -> str:
    lines = [
        f"### {inside}{enum.name}",
        "",
        said.get(path, ""),
        "",
        "| value | meaning |",
        "|---|---|",
    ]
    for i, value in enumerate(enum.value):
        lines.append(f"| `{value.name}` = {value.number} | {said.get((*path, 2, i), '')} |")
    return "\n".join(lines) + "\n"


def _kind(field: FieldDescriptorProto, entries: dict[str, DescriptorProto]) -> str:
    entry = entries.get(field.type_name.rpartition(".")[2])
    if entry is not None:
        key, value = entry.field
        return f"map of {_kind(key, {})} to {_kind(value, {})}"
    many = "repeated " if field.label == FieldDescriptorProto.LABEL_REPEATED else ""
    if field.type_name:
        return many + _link(field.type_name)
    return many + FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def _bounds(field: FieldDescriptorProto) -> str:
    """Field behaviour and the rules that requests are checked by."""
    behaviours = field.options.Extensions[field_behavior_pb2.field_behavior]
    words = [
        field_behavior_pb2.FieldBehavior.Name(each).lower().replace("_", " ") for each in behaviours
    ]
    rules = field.options.Extensions[validate_pb2.field]
    kind = rules.WhichOneof("type")
    if kind:
        text = text_format.MessageToString(getattr(rules, kind), as_one_line=True).strip()
        words.append(f"`{text.replace(NAME_PART, '*').replace('|', BAR)}`")
    return ", ".join(words)


def _comments(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    return {
        tuple(place.path): " ".join(place.leading_comments.split()).replace("|", BAR)
        for place in file.source_code_info.location
        if place.leading_comments
    }


def _short(type_name: str) -> str:
    for package in PACKAGES:
        if type_name.startswith(f".{package}."):
            return type_name.removeprefix(f".{package}.")
    return type_name.removeprefix(".")


def _link(type_name: str) -> str:
    ours = any(type_name.startswith(f".{package}.") for package in PACKAGES)
    return f"[{_short(type_name)}](#{_anchor(type_name)})" if ours else f"`{_short(type_name)}`"


def _anchor(type_name: str) -> str:
    return _short(type_name).lower().replace(".", "")


def main() -> int:
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        print("docs/api.md is not what the protos say: run `python protos/reference.py`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
