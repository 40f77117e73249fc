"""The command, run against a fake gateway with three models."""

import json
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from directrix.cli.app import app
from directrix.client import Client
from tests.unit.client.fake_gateway import FakeGateway
from tests.unit.client.fake_server import served
from tests.unit.client.fake_values import card


@dataclass(frozen=True)
class Outcome:
    code: int
    out: bytes
    err: str

    @property
    def text(self):
        return self.out.decode()

    @property
    def lines(self):
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def gateway():
    return FakeGateway()


@pytest.fixture
def target(gateway):
    with served(gateway) as target, Client(target) as client:
        client.register_model("fashion", card("generator", "fashion"), b"tensors")
        client.register_model("classifier", card("predictor", "classifier"), b"tensors")
        yield target


@pytest.fixture
def directrix(target):
    """Runs `directrix ...` in this process, without a terminal."""

    def run(*arguments, input=None):
        words = [str(each) for each in arguments]
        done = CliRunner().invoke(app, ["--endpoint", target, *words], input=input)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Outcome(done.exit_code, done.stdout_bytes, done.stderr)

    return run


@pytest.fixture
def found(directrix):
    """The id of a finding set with a scorecard."""
    done = directrix("discover", "run", "sefa", "-g", "fashion", "-p", "classifier")
    assert done.code == 0, done.err
    return done.text.strip().rsplit("/", 1)[-1]
