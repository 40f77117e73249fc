"""`python docker/locks.py`: docker/NAME.lock, what each image installs out of requirements.lock.

An image gets the closure of its extras and nothing of the tools that development needs. The closure
is read off pyproject.toml and the packages that are installed, for every Python that an image may
be built on; torch stands outside the lock and is named by a build argument.
"""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parent
LOCK = FOLDER.parent / "requirements.lock"
PROJECT = FOLDER.parent / "pyproject.toml"
EXTRAS = {
    "gateway": ("gateway",),
    "worker": ("gateway", "library", "onnx"),
    "serving": ("gateway", "library", "onnx", "serving"),
}
"""Image -> extras of the distribution; worker and serving reach the same neighbours."""
PYTHONS = ("3.11", "3.12", "3.13")
OUTSIDE = {"torch"}


def lock(image: str) -> str:
    """The pins of one image with their hashes. Raises KeyError for an image that is not there."""
    wanted = closure(EXTRAS[image])
    head = f"# What the image {image} installs. Made by `python docker/locks.py`.\n"
    return head + "".join(text for name, text in pins() if name in wanted)


def closure(extras: tuple[str, ...]) -> set[str]:
    """Canonical names of all that `directrix[extras]` needs, itself left out."""
    found: set[str] = set()
    waiting = [("directrix", extras)]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        package = waiting.pop()
        if package in seen or package[0] in OUTSIDE:
            continue
        seen.add(package)
        found.add(package[0])
        waiting += list(_needed(*package))
    return found - {"directrix"}


def pins() -> Iterator[tuple[str, str]]:
    """(canonical name, the lines of the lock) of every pin."""
    for text in re.split(r"(?m)^(?=[\w.-]+==)", LOCK.read_text())[1:]:
        yield canonicalize_name(text.partition("==")[0]), text


def _needed(name: str, extras: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    try:
        lines = _own(extras) if name == "directrix" else requires(name) or []
    except PackageNotFoundError:
        return  # for another Python or system than this one
    for requirement in map(Requirement, lines):
        if requirement.marker is None or _applies(requirement, extras):
            yield canonicalize_name(requirement.name), tuple(sorted(requirement.extras))


def _own(extras: tuple[str, ...]) -> list[str]:
    """What pyproject.toml says, for what is installed may have been made from an older one."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    chosen = (project["optional-dependencies"][extra] for extra in extras)
    return [*project["dependencies"], *chain.from_iterable(chosen)]


def _applies(requirement: Requirement, extras: tuple[str, ...]) -> bool:
    environments = (
        {"extra": extra, "python_version": python, "python_full_version": f"{python}.0"}
        for extra in ("", *extras)
        for python in PYTHONS
    )
    assert requirement.marker is not None
    return any(requirement.marker.evaluate(each) for each in environments)


if __name__ == "__main__":
    for each in EXTRAS:
        (FOLDER / f"{each}.lock").write_text(lock(each))
