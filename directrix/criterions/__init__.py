"""Criterions: the folder is the registry. One file, one class, one name.

    pixels[:PART]               what the pixels of parts show
    landmarks[:GROUP]           where points lie, in pixels
    relative-landmarks[:GROUP]  the shape of each group of points, wherever it lies
    appearance[:PART]           the picture once its landmarks are warped back
    colour[:PART]               the mean colour of a region; with ~, all but that mean
    frequency:high              fine detail
    identity                    a face descriptor
    score[:NAME]                scores, in SD

`~` before a subject means all else; names of a subject are joined by "+". `mirrored.Mirrored` wraps
any of them and so has no name.
"""

import inspect
import pkgutil
from importlib import import_module

from directrix.criterions.criterion import Criterion, Subject
from directrix.criterions.scene import Scene
from directrix.errors import InvalidField

__all__ = ["Criterion", "Scene", "Subject", "names", "parse"]


def names() -> list[str]:
    """The kinds of criterions, sorted."""
    return sorted(_known())


def parse(text: str, scene: Scene) -> Criterion:
    """The criterion that a text names. Raises InvalidField, naming the known kinds."""
    kind, _, rest = text.partition(":")
    known = _known()
    if kind not in known:
        raise InvalidField(
            f"no criterion is called {kind!r}: there are {', '.join(sorted(known))}",
            field="criterion",
        )
    others = rest.startswith("~")
    subject = tuple(name for name in rest.removeprefix("~").split("+") if name)
    if others and not subject:
        raise InvalidField(f"{text!r} does not say what is left out", field="criterion")
    return known[kind](scene, Subject(subject, others))


def _known() -> dict[str, type[Criterion]]:
    modules = [import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return {
        value.name: value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Criterion)
        and not inspect.isabstract(value)
        and value.__module__ == module.__name__
        and hasattr(value, "name")
    }
