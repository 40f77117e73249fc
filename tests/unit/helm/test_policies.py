"""No finding of checkov's that ranks high, in a few releases; and one where there is something."""

import copy

import pytest

from tests.unit.helm import combinations, policies
from tests.unit.helm.chart import Objects, render


def broken_on_purpose() -> Objects:
    """The least release, its workers privileged."""
    objects = copy.deepcopy(render(combinations.LEAST))
    (worker,) = (
        each
        for each in objects
        if each["kind"] == "Deployment" and each["metadata"]["name"].endswith("-worker")
    )
    container = worker["spec"]["template"]["spec"]["containers"][0]
    container["securityContext"] |= {"privileged": True, "readOnlyRootFilesystem": False}
    return objects


@pytest.mark.slow
def test_no_finding_ranks_high() -> None:
    releases = {
        "least": render(combinations.LEAST),
        "everything": render(combinations.whole()),
        "cuda": render(combinations.merged(combinations.LEAST, combinations.CUDA)),
    }
    passed, failed = policies.findings(releases | {"broken": broken_on_purpose()})
    assert passed > 600
    assert any(map(policies.accepted, failed))
    told = policies.high(failed)
    assert {(each["release"], each["check"]) for each in told} == {
        ("broken", "CKV_K8S_16"),
        ("broken", "CKV_K8S_22"),
    }
