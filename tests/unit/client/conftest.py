"""A fake gateway with a generator, a classifier and an oracle, and a client of it."""

import pytest

from directrix.client import Client
from tests.unit.client.fake_gateway import FakeGateway
from tests.unit.client.fake_server import served
from tests.unit.client.fake_values import card


@pytest.fixture
def gateway():
    return FakeGateway()


@pytest.fixture
def target(gateway):
    with served(gateway) as target:
        yield target


@pytest.fixture
def client(target):
    with Client(target) as client:
        client.register_model("fashion", card("generator", "fashion"), b"tensors")
        client.register_model("classifier", card("predictor", "classifier"), b"tensors")
        client.register_model("oracle", card("predictor", "oracle"), b"tensors")
        yield client


@pytest.fixture
def found(client):
    """What a finished discovery left: a set of ten directions with a scorecard."""
    return client.discover("fashion", "sefa", ["classifier"]).result(timeout=10)
