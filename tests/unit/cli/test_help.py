"""Every command says what it does: help is markup too, and what is no markup breaks it."""

from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from directrix.cli.app import app


def commands(group: typer.Typer, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for each in group.registered_commands:
        name = each.name or each.callback.__name__.replace("_", "-")
        yield (*path, name)
    for inner in group.registered_groups:
        yield from commands(inner.typer_instance, (*path, inner.name))


@pytest.mark.parametrize("path", list(commands(app)), ids=" ".join)
def test_help(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*path, "--help"])
    assert done.exit_code == 0, done.exception
    assert "Usage" in done.output
    assert path == () or path[-1] in done.output
