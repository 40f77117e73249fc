"""Values that people give: each alone and many together."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

Values = dict[str, Any]

LEAST: Values = {
    "internal": {"existingSecret": "internal"},
    "redis": {"existingSecret": "redis"},
    "objectStore": {"existingSecret": "store", "endpoint": "s3.example.org:443"},
    "auth": {
        "tls": {"existingSecret": "certificate"},
        "keys": {"existingSecret": "keys"},
        "caller": {"existingSecret": "caller"},
    },
}
"""What has to be given at least."""

CUDA: Values = {
    "worker": {"device": "cuda", "gpus": 1},
    "serving": {
        "device": "cuda",
        "rendering": {"gpu": 0.5},
        "scoring": {"gpu": 0.25},
        "explaining": {"gpu": 0.25},
        "ray": {"nodes": {"gpus": 1}},
    },
}
DISCOVERY: Values = {
    "name": "faces",
    "method": "interfacegan",
    "generator": "faces",
    "predictors": ["age", "smile"],
    "judges": ["judge"],
    "parameters": {"learner": "logistic"},
    "seed": 3,
    "samples": 2048,
}

CHOICES: dict[str, tuple[Values, ...]] = {
    "serving": (
        {},
        {"serving": {"kind": "plain"}},
        {"serving": {"placement": "apart"}},
        CUDA,
        {"serving": {"ray": {"autoscaler": False}}},
        {
            "serving": {
                "ray": {
                    "upgrade": "NewClusterWithIncrementalUpgrade",
                    "incremental": {"gatewayClassName": "gateway"},
                }
            }
        },
    ),
    "neighbours": (
        {},
        {"redis": {"dev": {"enabled": True}}},
        {"objectStore": {"dev": {"enabled": True, "storageClass": "fast"}, "endpoint": ""}},
        {
            "redis": {"dev": {"enabled": True}},
            "objectStore": {"dev": {"enabled": True}},
        },
    ),
    "scaling": (
        {},
        {"gateway": {"autoscaling": {"enabled": True}}, "worker": {"keda": {"enabled": True}}},
        {
            "gateway": {"disruption": {"enabled": False}, "spread": False},
            "worker": {"disruption": {"enabled": False}, "spread": False},
        },
    ),
    "monitoring": (
        {},
        {
            "monitoring": {
                "monitors": True,
                "alerts": True,
                "dashboard": True,
                "labels": {"release": "prometheus"},
            }
        },
        {"monitoring": {"enabled": False}},
    ),
    "batch": (
        {},
        {
            "batch": {
                "discoveries": [DISCOVERY, {**DISCOVERY, "name": "n", "schedule": "0 3 * * *"}]
            }
        },
        {"batch": {"nightly": {"enabled": True, "methods": ["sefa", "interfacegan"]}}},
    ),
    "access": (
        {},
        {
            "auth": {
                "keys": {"existingSecret": ""},
                "tokens": {"jwksConfigMap": "jwks", "issuer": "i", "audience": "a"},
            }
        },
        {"auth": {"tls": {"clientCaSecret": "ca"}, "clients": {"existingSecret": "clients"}}},
        {"auth": {"limits": {"configMap": "limits"}, "caller": {"existingSecret": ""}}},
    ),
    "network": (
        {},
        {"networkPolicy": {"enabled": False}},
        {
            "networkPolicy": {
                "gatewayFrom": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
                "redisTo": [{"ipBlock": {"cidr": "10.1.0.0/16"}}],
                "objectStoreTo": [{"ipBlock": {"cidr": "10.2.0.0/16"}}],
                "apiServerTo": [{"ipBlock": {"cidr": "10.3.0.1/32"}}],
            }
        },
    ),
    "pods": (
        {},
        {
            "fullnameOverride": "pictures-of-everything-with-a-long-name-that-is-cut",
            "commonLabels": {"team": "pictures"},
            "images": {
                "pullSecrets": ["pull"],
                "gateway": {"digest": "sha256:" + "0" * 64},
                "worker": {"tag": "1"},
            },
            "gateway": {
                "nodeSelector": {"a": "b"},
                "tolerations": [{"key": "gpu", "operator": "Exists"}],
                "podAnnotations": {"a": "b"},
                "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
            },
            "settings": {"DIRECTRIX_BATCH_IMAGES": "32"},
        },
        {"nameOverride": "dx", "tests": {"enabled": False}},
    ),
}


def merged(*parts: Mapping[str, Any]) -> Values:
    """Later parts win, key by key."""
    result: Values = {}
    for part in parts:
        for key, value in part.items():
            old = result.get(key)
            both = isinstance(old, Mapping) and isinstance(value, Mapping)
            result[key] = merged(old, value) if both else value
    return result


def few() -> Iterator[Values]:
    """Every choice once, on top of the least."""
    yield LEAST
    for choices in CHOICES.values():
        for choice in choices[1:]:
            yield _possible(merged(LEAST, choice))


def pairs() -> Iterator[Values]:
    """Every choice with every choice of another kind."""
    for (_, one), (_, other) in itertools.combinations(CHOICES.items(), 2):
        for first, second in itertools.product(one[1:], other[1:]):
            yield _possible(merged(LEAST, first, second))


def whole() -> Values:
    """One release with everything in it that can stand together, the plain server too."""
    kinds = {name: choices[1] for name, choices in CHOICES.items()}
    kinds |= {"network": CHOICES["network"][2]}
    return merged(LEAST, *kinds.values(), {"auth": LEAST["auth"]})


def _possible(values: Values) -> Values:
    """Batch jobs need a caller's token."""
    if values.get("batch") and not values["auth"]["caller"]["existingSecret"]:
        return merged(values, {"auth": {"caller": {"existingSecret": "caller"}}})
    return values
