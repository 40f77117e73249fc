"""Every object of many combinations of values: valid for three Kubernetes, and by our rules."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from jsonschema import ValidationError

from tests.unit.helm import combinations
from tests.unit.helm.chart import Objects, complaints, render
from tests.unit.helm.resources import check_resource
from tests.unit.helm.rules import broken
from tests.unit.helm.schemas import VERSIONS, check_object

OTHERS = ("ray.io/", "keda.sh/", "monitoring.coreos.com/")
"""Objects that Kubernetes itself has no schema of."""


def distinct(many: Iterable[Objects]) -> list[dict[str, Any]]:
    """Each object once, however many combinations it stands in."""
    return list({json.dumps(o, sort_keys=True): o for objects in many for o in objects}.values())


def check(objects: Objects, values: Mapping[str, Any]) -> Objects:
    told = broken(objects)
    assert not told, f"{values}: {told}"
    return objects


def check_schemas(objects: Iterable[Mapping[str, Any]]) -> None:
    for each in objects:
        if each["apiVersion"].startswith(OTHERS):
            check_resource(each)
            continue
        for version in VERSIONS:
            check_object(each, version)


def test_every_choice() -> None:
    rendered = [check(render(values), values) for values in combinations.few()]
    assert len(rendered) > 20
    check_schemas(distinct(rendered))


@pytest.mark.slow
def test_every_pair_of_choices() -> None:
    rendered = [check(render(values), values) for values in combinations.pairs()]
    assert len(rendered) > 150
    check_schemas(distinct(rendered))


@pytest.mark.parametrize("version", VERSIONS)
def test_lint_has_nothing_to_say(version: str) -> None:
    for values in (combinations.LEAST, combinations.merged(combinations.LEAST, combinations.CUDA)):
        assert complaints(values, f"v{version}.0") == []


def test_a_typo_in_an_object_is_noticed() -> None:
    (deployment,) = (
        o
        for o in render(combinations.LEAST)
        if o["metadata"]["name"].endswith("-worker") and o["kind"] == "Deployment"
    )
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["livenesProbe"] = container.pop("livenessProbe")
    with pytest.raises(ValidationError):
        check_schemas([deployment])
