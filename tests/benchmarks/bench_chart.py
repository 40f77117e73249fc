"""The chart by everything that needs no cluster: schemas of three Kubernetes, rules, policies."""

from typing import Any

from jsonschema import ValidationError

from tests.benchmarks.evidence import Evidence
from tests.unit.helm import chart, combinations, policies
from tests.unit.helm.resources import check_resource
from tests.unit.helm.rules import RULES, broken
from tests.unit.helm.schemas import VERSIONS, check_object
from tests.unit.helm.test_rules import OTHERS, distinct


def run(evidence: Evidence) -> None:
    evidence.settings = {"rules": [rule.__name__ for rule in RULES], "policies": policies.version()}
    every = [*combinations.few(), *combinations.pairs()]
    rendered = [chart.render(values) for values in every]
    told = [message for objects in rendered for message in broken(objects)]
    evidence.figure("combinations", len(rendered), "releases", at_least=100)
    evidence.figure("broken_rules", len(told), "findings", at_most=0, n=len(rendered))
    objects = distinct(rendered)
    right = 0
    for version in VERSIONS:
        wrong = [message for each in objects if (message := _invalid(each, version))]
        evidence.row(kubernetes=version, objects=len(objects), invalid=wrong[:10])
        right += not wrong
    evidence.figure("kubernetes_versions", right, "versions", at_least=3, n=len(objects))
    evidence.write()
    _policies(evidence)


def _invalid(each: dict[str, Any], version: str) -> str:
    try:
        if each["apiVersion"].startswith(OTHERS):
            check_resource(each, version)
        else:
            check_object(each, version)
    except (ValidationError, FileNotFoundError, KeyError) as error:
        return f"{each['kind']} {each['metadata']['name']}: {str(error)[:300]}"
    return ""


def _policies(evidence: Evidence) -> None:
    releases = {
        "least": chart.render(combinations.LEAST),
        "everything": chart.render(combinations.whole()),
        "cuda": chart.render(combinations.merged(combinations.LEAST, combinations.CUDA)),
    }
    passed, failed = policies.findings(releases)
    for each in failed:
        evidence.row(**each)
    high, n = policies.high(failed), passed + len(failed)
    evidence.figure("policies_passed", passed, "checks", at_least=300, n=n)
    evidence.figure("accepted_findings", sum(map(policies.accepted, failed)), "findings", n=n)
    evidence.figure("findings", len(failed), "findings", n=n)
    evidence.figure("high_findings", len(high), "findings", at_most=0, n=n)
