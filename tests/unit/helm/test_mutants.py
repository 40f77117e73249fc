"""The checks themselves, checked: every condition of the templates matters, every rule bites."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from helm_python.errors import HelmError

from tests.unit.helm import chart, combinations
from tests.unit.helm.rules import RULES, broken
from tests.unit.helm.test_values import REFUSED

CONDITION = re.compile(r"\{\{-? *(?:else )?(if|with) (.+?) *-?\}\}")
LINES = (
    ("_pods.tpl", "privileged: false\n"),
    ("_pods.tpl", "allowPrivilegeEscalation: false\n"),
    ("_pods.tpl", "readOnlyRootFilesystem: true\n"),
    ("_pods.tpl", "  drop: [ALL]\n"),
    ("_pods.tpl", "  type: RuntimeDefault\n"),
    ("gateway.yaml", "      automountServiceAccountToken: false\n"),
    ("gateway.yaml", "            - {name: tmp, mountPath: /tmp}\n"),
    ("gateway.yaml", "            - {name: health, containerPort: 50053}\n"),
    ("gateway.yaml", "            - {name: grpc, containerPort: 50051}\n"),
    ("worker.yaml", "          resources:\n            {{- include \"directrix.resources\""
     " (list .Values.worker.resources .Values.worker.gpus) | nindent 12 }}\n"),
    ("settings.yaml", "  namespace: {{ .Release.Namespace }}\n"),
    ("_batch.tpl", "activeDeadlineSeconds: {{ $root.Values.batch.deadlineSeconds }}\n"),
    ("network.yaml", "  policyTypes: [Ingress, Egress]\n"),
)  # fmt: skip
"""Lines without which a rule is broken."""
SWAPS = (
    ("serving-ray.yaml", "{name: serve-grpc, port: 50061, targetPort: 50061}",
     "{name: dashboard, port: 8265, targetPort: 8265}"),
    ("_serving.tpl", "  port: 50061\n", "  port: 9000\n"),
    ("gateway.yaml", "targetPort: grpc", "targetPort: grcp"),
    ("gateway.yaml", "grpc: {port: 50053, service: liveness}\n            periodSeconds: 10",
     "grpc: {port: 50053}\n            periodSeconds: 10"),
    ("_environment.tpl", "\"%s-serving:50061\"", "\"%s-serving:50061\" | set"),
    ("_environment.tpl", "}}-settings", "}}-setting"),
    ("_environment.tpl", "DIRECTRIX_STORE_KIND", "DIRECTRIX_STORE_KINDS"),
    ("worker.yaml", "scaleTargetRef: {name: {{ $name }}}", "scaleTargetRef: {name: worker}"),
    ("_names.tpl", "default $root.Chart.AppVersion $image.tag", "\"latest\""),
)  # fmt: skip
"""Mistakes that a rule notices, or that do not render."""


def conditions() -> Iterator[tuple[str, int, str]]:
    """(template, place, condition) of every if and with."""
    for path in sorted((chart.FOLDER / "templates").rglob("*.*")):
        text = path.read_text()
        for found in CONDITION.finditer(text):
            if path.suffix != ".txt":
                yield str(path.relative_to(chart.FOLDER)), found.start(2), found.group(2)


@cache
def before() -> list[str]:
    return list(outcomes(chart.FOLDER))


def outcomes(folder: Path) -> Iterator[str]:
    """What every combination and every refused one renders to, or says."""
    yield from (outcome(values, folder) for values in combinations.few())
    for wrong, _ in REFUSED.values():
        yield outcome(combinations.merged(combinations.LEAST, wrong), folder)


def outcome(values: combinations.Values, folder: Path) -> str:
    try:
        return re.sub(r"(checksum/settings: ).*", r"\1", chart.text(values, folder))
    except HelmError as error:
        return str(error)


@pytest.mark.slow
def test_every_condition_matters(tmp_path: Path) -> None:
    """With a condition turned round, something renders otherwise."""
    copy = chart.copy(tmp_path)
    survivors = []
    found = list(conditions())
    assert len(found) > 50
    for name, place, condition in found:
        path = copy / name
        text = path.read_text()
        turned = f"(not ({condition}))" if ":=" not in condition else "false"
        path.write_text(text[:place] + turned + text[place + len(condition) :])
        if all(now == then for now, then in zip(outcomes(copy), before(), strict=True)):
            survivors.append(f"{name}: {condition}")
        path.write_text(text)
    assert survivors == []


@pytest.mark.parametrize(("name", "line"), LINES)
def test_a_line_that_is_missing_is_noticed(name: str, line: str, tmp_path: Path) -> None:
    assert notices(name, line, "", tmp_path)


@pytest.mark.parametrize(("name", "old", "new"), SWAPS)
def test_a_mistake_is_noticed(name: str, old: str, new: str, tmp_path: Path) -> None:
    assert notices(name, old, new, tmp_path)


def notices(name: str, old: str, new: str, folder: Path) -> bool:
    """Whether some combination breaks a rule, or does not render, with one passage changed."""
    copy = chart.copy(folder)
    path = copy / "templates" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    for values in combinations.few():
        try:
            if broken(chart.render(values, copy)):
                return True
        except HelmError:
            return True
    return False


def test_rules_hold_nothing_against_an_empty_chart() -> None:
    assert broken([]) == []
    assert len({rule.__name__ for rule in RULES}) == len(RULES)
