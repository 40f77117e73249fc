"""What is in an image or a wheel, as a bill of materials: CycloneDX 1.6, JSON, to standard output.

    python docker/bill.py image NAME ROOT    ROOT: the image's file system, unpacked
    python docker/bill.py wheel FILE

An image's components are the packages of its distribution and its Python packages. What a wheel
asks for is named at the versions of requirements.lock, the extras' packages as optional. Time is
that of SOURCE_DATE_EPOCH where that is set. Neither brings the bundled models.
"""

import argparse
import os
import sys
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from images import image_components
from wheels import wheel_component, wheel_components


def bill(subject: Component, components: Iterable[Component], identity: str) -> str:
    """The bill of `subject` as JSON; the same for the same content.

    identity: what the serial number is made of. Raises ValueError where the schema is not met.
    """
    parts = sorted(components, key=lambda each: str(each.bom_ref.value))
    listed = "\n".join([identity, *(str(each.bom_ref.value) for each in parts)])
    made = Bom(components=parts, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, listed))
    made.metadata.component = subject
    made.metadata.timestamp = _time()
    made.register_dependency(subject, parts)
    text = JsonV1Dot6(made).output_as_string(indent=1)
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise ValueError(f"not a bill of CycloneDX 1.6: {error}")
    return text


def _time() -> datetime:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.now(UTC) if epoch is None else datetime.fromtimestamp(int(epoch), UTC)


def main(arguments: Sequence[str]) -> str:
    parser = argparse.ArgumentParser(description="Bill of materials of an image or a wheel.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    image = kinds.add_parser("image", help="of an image's file system")
    image.add_argument("name")
    image.add_argument("path", type=Path, metavar="ROOT")
    wheel = kinds.add_parser("wheel", help="of a wheel")
    wheel.add_argument("path", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    if asked.kind == "image":
        name = f"directrix-{asked.name}"
        subject = Component(name=name, type=ComponentType.CONTAINER, bom_ref=name)
        return bill(subject, image_components(asked.path), name)
    digest = sha256(asked.path.read_bytes()).hexdigest()
    return bill(wheel_component(asked.path), wheel_components(), digest)


if __name__ == "__main__":
    print(main(sys.argv[1:]))
