"""What this worker can do, as the gateway reads it: third-party methods included."""

from directrix import methods
from services.artifacts.catalogue import MethodEntry


def method_entries() -> list[MethodEntry]:
    """Every method with the first line of its docstring and the schema of its parameters."""
    return [_entry(name) for name in methods.names()]


def _entry(name: str) -> MethodEntry:
    method = methods.get(name)
    lines = (method.__doc__ or name).strip().splitlines()
    return MethodEntry(
        name=name,
        description=lines[0],
        version=method.version,
        needs=tuple(sorted(method.needs)),
        schema=method.Params.model_json_schema(),
    )
