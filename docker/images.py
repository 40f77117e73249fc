"""What is in the file system of an image: packages of Debian and of Python, and Python."""

import re
from collections.abc import Iterator
from email import message_from_string
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from packageurl import PackageURL
from packaging.utils import canonicalize_name

PACKAGES = ("opt/*/lib/python3*/site-packages", "usr/local/lib/python3*/site-packages")
"""Where Python packages are that no package of the distribution brought."""
VERSION_HEADERS = "usr/local/include/python3*/patchlevel.h"
"""There where Python itself was built from source."""
LONGEST_LICENCE = 100
"""Characters; what is longer is a text, not a name."""


def image_components(root: Path) -> Iterator[Component]:
    """Raises FileNotFoundError where `root` is not the file system of an image."""
    release = _release(root)
    yield Component(
        name=release["ID"],
        version=release.get("VERSION_ID"),
        type=ComponentType.OPERATING_SYSTEM,
        bom_ref=release["ID"],
    )
    yield from _debian(root, release)
    for header in root.glob(VERSION_HEADERS):
        found = re.search(r'PY_VERSION\s+"(\S+)"', header.read_text())
        if found is not None:
            yield packaged(PackageURL("generic", None, "cpython", found[1]))
    for folder in (path for pattern in PACKAGES for path in root.glob(pattern)):
        for each in distributions(path=[str(folder)]):
            yield _python(each)


def packaged(purl: PackageURL, licence: License | None = None) -> Component:
    """A package, known by its URL."""
    return Component(
        name=purl.name,
        version=purl.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[] if licence is None else [licence],
    )


def _release(root: Path) -> dict[str, str]:
    lines = (root / "usr/lib/os-release").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {name: value.strip("\"'") for name, value in pairs}


def _debian(root: Path, release: dict[str, str]) -> Iterator[Component]:
    distribution = release["ID"] + "-" + release.get("VERSION_ID", "unstable")
    for text in (root / "var/lib/dpkg/status").read_text().strip().split("\n\n"):
        entry = message_from_string(text)
        if entry["Status"] == "install ok installed":
            about = {"arch": entry["Architecture"], "distro": distribution}
            yield packaged(
                PackageURL("deb", release["ID"], entry["Package"], entry["Version"], about)
            )


def _python(found: Distribution) -> Component:
    name = canonicalize_name(found.name)
    return packaged(PackageURL("pypi", None, name, found.version), _licence(found))


def _licence(found: Distribution) -> License | None:
    told = found.metadata.get("License-Expression") or found.metadata.get("License") or ""
    if not told or "\n" in told or len(told) > LONGEST_LICENCE:
        kinds = found.metadata.get_all("Classifier") or []
        named = [each for each in kinds if each.startswith("License ::")]
        told = named[0].rpartition(" :: ")[2] if named else ""
    return LicenseFactory().make_from_string(told) if told else None
