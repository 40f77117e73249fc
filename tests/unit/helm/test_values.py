"""Values: documented each, closed by the schema, refused with the way out where they are wrong."""

import importlib.util
import json

import pytest
from helm_python.errors import HelmError

from tests.unit.helm.chart import FOLDER, render
from tests.unit.helm.combinations import CUDA, DISCOVERY, LEAST, merged

spec = importlib.util.spec_from_file_location("values", FOLDER.parent / "values.py")
assert spec is not None and spec.loader is not None
values = importlib.util.module_from_spec(spec)
spec.loader.exec_module(values)

REFUSED = {
    "certificate": ({"auth": {"tls": {"existingSecret": ""}}}, "auth.tls.existingSecret"),
    "nobody": ({"auth": {"keys": {"existingSecret": ""}}}, "nobody is let in"),
    "tokens": ({"auth": {"tokens": {"jwksConfigMap": "jwks"}}}, "issuer and audience"),
    "clients": ({"auth": {"clients": {"existingSecret": "c"}}}, "clientCaSecret"),
    "internal": ({"internal": {"existingSecret": ""}}, "internal.existingSecret"),
    "redis": ({"redis": {"existingSecret": ""}}, "redis.existingSecret"),
    "store keys": ({"objectStore": {"existingSecret": ""}}, "objectStore.existingSecret"),
    "store": ({"objectStore": {"endpoint": ""}}, "objectStore.endpoint"),
    "worker's gpu": ({"worker": {"device": "cuda"}}, "set worker.gpus"),
    "gateway's scaling": ({"gateway": {"autoscaling": {"min": 9}}}, "gateway.autoscaling"),
    "keda's scaling": ({"worker": {"keda": {"min": 9}}}, "worker.keda"),
    "plain apart": ({"serving": {"kind": "plain", "placement": "apart"}}, "needs serving.kind ray"),
    "plain gpu": ({"serving": {"kind": "plain", "device": "cuda"}}, "set serving.gpus"),
    "ray's gpu": ({"serving": {"device": "cuda"}}, "set serving.ray.nodes.gpus"),
    "ray's share": (merged(CUDA, {"serving": {"rendering": {"gpu": 0}}}), "serving.rendering.gpu"),
    "upgrade": (
        {"serving": {"ray": {"upgrade": "NewClusterWithIncrementalUpgrade"}}},
        "gatewayClassName",
    ),
    "nodes": ({"serving": {"ray": {"nodes": {"min": 9}}}}, "serving.ray.nodes"),
    "replicas": ({"serving": {"scoring": {"min": 9}}}, "serving.scoring"),
    "batch": (
        {"auth": {"caller": {"existingSecret": ""}}, "batch": {"discoveries": [DISCOVERY]}},
        "auth.caller.existingSecret",
    ),
    "nightly": (
        {"auth": {"caller": {"existingSecret": ""}}, "batch": {"nightly": {"enabled": True}}},
        "auth.caller.existingSecret",
    ),
    "a secret in the open": (
        {"settings": {"DIRECTRIX_REDIS_URL": "redis://:hunter2@redis"}},
        "existing Secrets only",
    ),
}


def test_schema_and_table_are_current() -> None:
    assert (FOLDER / "values.schema.json").read_text() == values.schema()
    assert (FOLDER / "README.md").read_text() == values.page()


def test_every_value_has_its_sentence() -> None:
    rows = values.table()
    assert len(rows) > 100
    assert all(sentence.endswith(".") or "@" in sentence for _, _, sentence in rows), rows


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_way_out(name: str) -> None:
    wrong, message = REFUSED[name]
    with pytest.raises(HelmError, match=message.replace(".", r"\.")):
        render(merged(LEAST, wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"gatewey": {}},
        {"gateway": {"replica": 2}},
        {"gateway": {"replicas": 0}},
        {"gateway": {"replicas": "2"}},
        {"serving": {"kind": "triton"}},
        {"worker": {"device": "tpu"}},
        {"settings": {"PATH": "/"}},
        {"images": {"gateway": {"digest": "md5:0"}}},
        {"batch": {"discoveries": [{"name": "a", "method": "sefa"}]}},
        {"batch": {"discoveries": [{**DISCOVERY, "wait": True}]}},
        {"minio": {"enabled": True}},
    ],
    ids=json.dumps,
)
def test_the_schema_is_closed(wrong: dict) -> None:
    with pytest.raises(HelmError, match=r"(?i)schema"):
        render(merged(LEAST, wrong))
