"""The chart by everything that needs no cluster: schemas of three Kubernetes, rules, policies.

Policies are checkov's, run offline from an environment of its own (build/checkov), on the objects
of one release with everything in it. Its open-source edition gives no severities: HIGH is the list
of those checks that its documentation, or the restricted pod profile, ranks so.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from jsonschema import ValidationError

from tests.benchmarks.evidence import Evidence
from tests.unit.helm import chart, combinations
from tests.unit.helm.resources import check_resource
from tests.unit.helm.rules import RULES, broken
from tests.unit.helm.schemas import VERSIONS, check_object
from tests.unit.helm.test_rules import OTHERS, distinct

CHECKOV = "checkov==3.3.30"
FOLDER = Path("build/checkov")
HIGH = {
    "CKV_K8S_1", "CKV_K8S_2", "CKV_K8S_3", "CKV_K8S_4", "CKV_K8S_5", "CKV_K8S_6", "CKV_K8S_7",
    "CKV_K8S_16", "CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19", "CKV_K8S_20", "CKV_K8S_22",
    "CKV_K8S_23", "CKV_K8S_25", "CKV_K8S_26", "CKV_K8S_27", "CKV_K8S_28", "CKV_K8S_31",
    "CKV_K8S_37", "CKV_K8S_38", "CKV_K8S_39", "CKV_K8S_40", "CKV_K8S_49", "CKV_K8S_155",
    "CKV_K8S_156", "CKV_K8S_157", "CKV_K8S_158",
}  # fmt: skip
"""Host namespaces, privilege, root, capabilities, writable roots, tokens, host paths, roles."""


def run(evidence: Evidence) -> None:
    evidence.settings = {"rules": [rule.__name__ for rule in RULES], "policies": CHECKOV}
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


def whole() -> str:
    """One release with everything in it that can stand together."""
    parts = [choices[1] for name, choices in combinations.CHOICES.items() if name != "serving"]
    plain = {"serving": {"kind": "plain"}}
    everything = combinations.merged(combinations.LEAST, plain, *parts)
    return chart.text(combinations.merged(everything, {"auth": combinations.LEAST["auth"]}))


def _policies(evidence: Evidence) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "release.yaml").write_text(whole())
    program = FOLDER / "venv/bin/checkov"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", FOLDER / "venv"], check=True)
        pip = FOLDER / "venv/bin/pip"
        subprocess.run(
            [pip, "install", "--quiet", "--disable-pip-version-check", CHECKOV], check=True
        )
    command = [program, "--file", FOLDER / "release.yaml", "--framework", "kubernetes"]
    command += ["--skip-download", "--quiet", "--compact", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    passed = int(report["summary"]["passed"])
    failed = report["results"]["failed_checks"]
    for each in failed:
        evidence.row(check=each["check_id"], name=each["check_name"], object=each["resource"])
    high = [each for each in failed if each["check_id"] in HIGH]
    evidence.figure("policies_passed", passed, "checks", at_least=300)
    evidence.figure("findings", len(failed), "findings", n=passed + len(failed))
    evidence.figure("high_findings", len(high), "findings", at_most=0, n=passed + len(failed))
