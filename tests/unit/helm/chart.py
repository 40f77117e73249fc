"""The chart, rendered without a cluster: values in, objects out."""

import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from helm_python.chart import Chart, lint

from tests.conftest import ROOT

FOLDER = ROOT / "helm/directrix"
NAMESPACE = "pictures"
RELEASE = "dx"
Objects = list[dict[str, Any]]


def render(values: Mapping[str, Any], folder: Path = FOLDER) -> Objects:
    """Every object of a release. Raises HelmError with what a template or the schema says."""
    return objects(text(values, folder))


def text(values: Mapping[str, Any], folder: Path = FOLDER) -> str:
    """The release as Helm would send it, hooks too, without the notes."""
    with Chart.load(folder) as chart:
        rendered = chart.render(dict(values), name=RELEASE, namespace=NAMESPACE)
    if isinstance(rendered, str):
        return rendered
    return "\n---\n".join(body for name, body in sorted(rendered.items()) if _is_object(name))


def _is_object(name: str) -> bool:
    return name.endswith(".yaml")


def objects(rendered: str) -> Objects:
    return [each for each in yaml.load_all(rendered, Loader=_loader()) if each]


def complaints(values: Mapping[str, Any], version: str) -> list[str]:
    """What `helm lint --strict` has to say, but for hints."""
    report = lint(FOLDER, dict(values), strict=True, namespace=NAMESPACE, kube_version=version)
    told = [each["error"] for each in report["messages"] if each["severity"] > 1]
    return [*told, *report["errors"]]


def copy(folder: Path) -> Path:
    """The chart in a folder of its own, to be broken on purpose."""
    return Path(shutil.copytree(FOLDER, folder / "directrix"))


@cache
def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
