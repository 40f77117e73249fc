"""The configuration files of Ray Serve for one machine are what the chart writes for a cluster."""

import pytest
import yaml

from tests.conftest import ROOT
from tests.unit.helm.chart import render
from tests.unit.helm.combinations import CUDA, LEAST, merged

SHARES = {"inference": 0.5, "scoring": 0.25, "explaining": 0.25}


def of_the_chart(placement: str) -> dict:
    values = merged(LEAST, CUDA, {"serving": {"placement": placement}})
    (service,) = [each for each in render(values) if each["kind"] == "RayService"]
    return yaml.safe_load(service["spec"]["serveConfigV2"])


@pytest.mark.parametrize(
    ("file", "placement"), [("serve.yaml", "together"), ("serve-apart.yaml", "apart")]
)
def test_the_same_applications(file: str, placement: str) -> None:
    ours, chart = yaml.safe_load((ROOT / "deploy" / file).read_text()), of_the_chart(placement)
    assert ours["grpc_options"] == chart["grpc_options"]
    assert ours["http_options"]["host"] == "127.0.0.1"

    def named(config: dict) -> dict[str, tuple]:
        return {
            each["name"]: (each["route_prefix"], each["import_path"], set(each["args"]))
            for each in config["applications"]
        }

    assert named(ours) == named(chart)


def test_apart_shares_one_gpu() -> None:
    config = yaml.safe_load((ROOT / "deploy/serve-apart.yaml").read_text())
    assert {each["name"]: each["args"]["num_gpus"] for each in config["applications"]} == SHARES
    assert {
        each["name"]: each["args"]["num_gpus"] for each in of_the_chart("apart")["applications"]
    } == SHARES
    assert sum(SHARES.values()) == 1
