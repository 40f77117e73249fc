"""What a wheel brings, and what it asks for at the versions of requirements.lock."""

import re
from collections.abc import Iterator
from email import message_from_string
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from images import packaged
from locks import closure, pins
from packageurl import PackageURL
from packaging.utils import canonicalize_name

EXTRAS = ("gateway", "library", "onnx", "serving")
"""What people install; the others are for development."""


def wheel_component(path: Path) -> Component:
    """The wheel itself, with the digest of its file. Raises ValueError where it has no metadata."""
    with ZipFile(path) as archive:
        files = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        if len(files) != 1:
            raise ValueError(f"{path} is not a wheel: it holds {len(files)} METADATA")
        told = message_from_string(archive.read(files[0]).decode())
    purl = PackageURL("pypi", None, told["Name"], told["Version"])
    licence = told["License-Expression"]
    return Component(
        name=told["Name"],
        version=told["Version"],
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256(path.read_bytes()).hexdigest())],
    )


def wheel_components() -> Iterator[Component]:
    """Required and optional packages."""
    required, optional = closure(()), closure(EXTRAS)
    for name, text in pins():
        if name in optional:
            yield _asked(text, ComponentScope.REQUIRED if name in required else None)


def _asked(pin: str, scope: ComponentScope | None) -> Component:
    """pin: the lines of the lock, "NAME==VERSION ; MARKER \\" and hashes."""
    found = re.match(r"(\S+)==(\S+)(?: ; ([^\\]+))?", pin)
    assert found is not None
    name, version, marker = found.groups()
    made = packaged(PackageURL("pypi", None, canonicalize_name(name), version))
    made.scope = scope or ComponentScope.OPTIONAL
    if marker:
        made.properties.add(Property(name="python:marker", value=marker.strip()))
    return made
