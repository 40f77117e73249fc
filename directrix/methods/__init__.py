"""Methods of discovery: the folder is the registry. One file, one class, one name.

Third parties plug in by an entry point of the group `directrix.methods`, named like the method.
"""

import inspect
import pkgutil
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from pydantic import ValidationError

from directrix.discovery import DiscoveryMethod, MethodParams
from directrix.errors import InvalidField, MethodNotFound

GROUP = "directrix.methods"


def names() -> list[str]:
    """The names of all methods that can be loaded, sorted."""
    return sorted(_own() | {point.name: _load(point) for point in _points() if _loads(point)})


def get(name: str) -> type[DiscoveryMethod]:
    """The method of that name. Raises MethodNotFound, naming the known ones or why it is none."""
    own = _own()
    if name in own:
        return own[name]
    for point in _points():
        if point.name == name:
            return _load(point)
    raise MethodNotFound(f"no method is called {name!r}: there are {', '.join(names())}")


def parse(name: str, params: Mapping[str, object]) -> MethodParams:
    """The parameters of a method with defaults filled in.

    Whole numbers may come as floats (5.0). Raises MethodNotFound, and InvalidField for
    "parameters.<name>" saying what is allowed.
    """
    model = get(name).Params
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _invalid(name, model, first["loc"], first["type"], first["msg"]) from error


def _invalid(
    name: str, model: type[MethodParams], loc: tuple[int | str, ...], kind: str, message: str
) -> InvalidField:
    path = ".".join(str(part) for part in loc)
    field = f"parameters.{path}" if path else "parameters"
    if kind == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return InvalidField(f"{name} has no parameter {path!r}: it has {known}", field=field)
    known_field = model.model_fields.get(str(loc[0])) if loc else None
    meaning = f" ({known_field.description})" if known_field else ""
    message = message.removeprefix("Value error, ")
    said = message[:1].lower() + message[1:]
    return InvalidField(f"parameter {path or 'set'} of {name}: {said}{meaning}", field=field)


def _own() -> dict[str, type[DiscoveryMethod]]:
    modules = [import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    classes = [
        value
        for module in modules
        for value in vars(module).values()
        if _is_method(value) and value.__module__ == module.__name__
    ]
    return {method.name: method for method in classes}


def _is_method(value: object) -> bool:
    return (
        inspect.isclass(value)
        and issubclass(value, DiscoveryMethod)
        and not inspect.isabstract(value)
    )


def _points() -> list[EntryPoint]:
    return list(entry_points(group=GROUP))


def _load(point: EntryPoint) -> type[DiscoveryMethod]:
    """Raises MethodNotFound saying why the entry point gives no method."""
    try:
        value = point.load()
    except Exception as error:  # whatever a third party's module raises while it is imported
        raise MethodNotFound(
            f"the method {point.name!r} is announced but cannot be imported"
        ) from error
    if not _is_method(value) or value.name != point.name:
        raise MethodNotFound(f"the entry point {point.name!r} gives no method of that name")
    return value


def _loads(point: EntryPoint) -> bool:
    try:
        _load(point)
    except MethodNotFound:
        return False
    return True
