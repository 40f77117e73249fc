"""checkov's policies on rendered releases: offline, from a virtual environment of its own.

Its dependencies do not go together with ours. Its open-source edition gives no severities: HIGH is
the list of those checks that its documentation, or the restricted pod profile, ranks so.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.unit.helm.chart import Objects

FOLDER = ROOT / "build/checkov"
LOCK = Path(__file__).with_name("checkov.lock")
"""Made by `uv pip compile - --generate-hashes --python-version 3.11 --universal --no-annotate
--no-header -o tests/unit/helm/checkov.lock`, with "checkov==VERSION" as its input."""
HIGH = {
    "CKV_K8S_1", "CKV_K8S_2", "CKV_K8S_3", "CKV_K8S_4", "CKV_K8S_5", "CKV_K8S_6", "CKV_K8S_7",
    "CKV_K8S_16", "CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19", "CKV_K8S_20", "CKV_K8S_22",
    "CKV_K8S_23", "CKV_K8S_25", "CKV_K8S_26", "CKV_K8S_27", "CKV_K8S_28", "CKV_K8S_31",
    "CKV_K8S_37", "CKV_K8S_38", "CKV_K8S_39", "CKV_K8S_40", "CKV_K8S_49", "CKV_K8S_155",
    "CKV_K8S_156", "CKV_K8S_157", "CKV_K8S_158",
}  # fmt: skip
"""Host namespaces, privilege, root, capabilities, writable roots, tokens, host paths, roles."""
ACCEPTED = {("CKV_K8S_38", "-head")}
"""Check, and how the object's name ends: Ray's autoscaler, in the pod of its head, asks the API
server, so that pod has the one token that the chart gives."""


def version() -> str:
    """Of checkov, as the lock has it."""
    (line,) = (line for line in LOCK.read_text().splitlines() if line.startswith("checkov=="))
    return line.split()[0]


def installed() -> Path:
    """The program; installs it the first time, which takes half a minute.

    Raises CalledProcessError where the package index is out of reach.
    """
    folder = FOLDER / sha256(LOCK.read_bytes()).hexdigest()[:16]
    program = folder / "bin/checkov"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
        install += ["--require-hashes", "-r", LOCK]
        subprocess.run(install, check=True, capture_output=True)
        (folder / "complete").touch()
    return program


def findings(releases: Mapping[str, Objects]) -> tuple[int, list[dict[str, Any]]]:
    """How many checks passed, and the failed ones: "release", "check", "name", "object".

    releases: by name. Raises CalledProcessError as `installed` does, RuntimeError where checkov
    does not say anything.
    """
    program = installed()
    command = [str(program), "--framework", "kubernetes", "--skip-download", "--quiet"]
    command += ["--compact", "--output", "json"]
    for name, objects in releases.items():
        path = FOLDER / f"{name}.yaml"
        path.write_text(yaml.safe_dump_all(with_pods_of_ray(objects)))
        command += ["--file", str(path)]
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"checkov says nothing: {done.stderr[-1000:]}")
    report = json.loads(done.stdout)
    failed = [
        {
            "release": Path(each["file_path"]).stem,
            "check": each["check_id"],
            "name": each["check_name"],
            "object": each["resource"],
        }
        for each in report["results"]["failed_checks"]
    ]
    return int(report["summary"]["passed"]), failed


def high(failed: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of HIGH, but for what is accepted."""
    return [each for each in failed if each["check"] in HIGH and not accepted(each)]


def accepted(finding: Mapping[str, Any]) -> bool:
    check, named = finding["check"], finding["object"]
    return any(check == one and named.endswith(end) for one, end in ACCEPTED)


def with_pods_of_ray(objects: Objects) -> Objects:
    """checkov knows no RayService: the pods in it are shown as pods."""
    pods = []
    for service in (each for each in objects if each["kind"] == "RayService"):
        cluster = service["spec"]["rayClusterConfig"]
        for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
            template = group["template"]
            name = f"{service['metadata']['name']}-{group.get('groupName', 'head')}"
            about = template.get("metadata", {}) | {
                "name": name,
                "namespace": service["metadata"]["namespace"],
            }
            pods.append(
                {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": template["spec"]}
            )
    return [*objects, *pods]
