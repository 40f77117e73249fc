"""Hand-written closed schemas of the custom resources, for the fields that the chart sets.

After KubeRay 1.5 (ray.io/v1), KEDA 2.20 and the Prometheus operator 0.80. Pod templates are checked
as pods by Kubernetes' own schema.
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft7Validator

from tests.unit.helm.schemas import check_object

Schema = dict[str, Any]
STRING: Schema = {"type": "string", "minLength": 1}
NUMBER: Schema = {"type": "integer", "minimum": 0}
PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
ANY: Schema = {"type": "object"}
STRINGS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
BOOLEAN: Schema = {"type": "boolean"}


def closed(required: str = "", **properties: Schema) -> Schema:
    """required: names, separated by spaces."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required.split(),
        "properties": properties,
    }


def several(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


SELECTOR = closed("matchLabels", matchLabels=STRINGS)
RULE = closed(
    "alert expr annotations labels",
    alert=STRING,
    expr=STRING,
    labels=STRINGS,
    annotations=STRINGS,
    **{"for": STRING},
)
RAY_CLUSTER = closed(
    "rayVersion headGroupSpec workerGroupSpecs authOptions",
    rayVersion=STRING,
    enableInTreeAutoscaling=BOOLEAN,
    authOptions=closed("mode", mode={"enum": ["token"]}),
    autoscalerOptions=closed(
        "resources securityContext",
        version={"enum": ["v1", "v2"]},
        upscalingMode={"enum": ["Default", "Conservative", "Aggressive"]},
        idleTimeoutSeconds=NUMBER,
        imagePullPolicy=STRING,
        securityContext=ANY,
        resources=ANY,
    ),
    headGroupSpec=closed("rayStartParams template", rayStartParams=STRINGS, template=ANY),
    workerGroupSpecs=several(
        closed(
            "groupName replicas minReplicas maxReplicas template",
            groupName=STRING,
            replicas=NUMBER,
            minReplicas=NUMBER,
            maxReplicas=NUMBER,
            rayStartParams=STRINGS,
            template=ANY,
        )
    ),
)
SPECS: dict[str, Schema] = {
    "RayService": closed(
        "serveConfigV2 rayClusterConfig upgradeStrategy",
        serveConfigV2=STRING,
        excludeHeadPodFromServeSvc=BOOLEAN,
        upgradeStrategy=closed(
            "type",
            type={"enum": ["NewCluster", "NewClusterWithIncrementalUpgrade", "None"]},
            clusterUpgradeOptions=closed(
                "gatewayClassName",
                gatewayClassName=STRING,
                maxSurgePercent=PERCENT,
                stepSizePercent=PERCENT,
                intervalSeconds=NUMBER,
            ),
        ),
        serveService=closed("spec", metadata=ANY, spec=ANY),
        rayClusterConfig=RAY_CLUSTER,
    ),
    "ScaledObject": closed(
        "scaleTargetRef triggers",
        scaleTargetRef=closed("name", name=STRING),
        minReplicaCount=NUMBER,
        maxReplicaCount=NUMBER,
        pollingInterval=NUMBER,
        cooldownPeriod=NUMBER,
        triggers=several(
            closed(
                "type metadata",
                type={"const": "prometheus"},
                metadata=closed(
                    "serverAddress query threshold",
                    serverAddress=STRING,
                    query=STRING,
                    threshold=STRING,
                ),
            )
        ),
    ),
    "ServiceMonitor": closed(
        "selector endpoints",
        selector=SELECTOR,
        endpoints=several(closed("port", port=STRING, interval=STRING)),
    ),
    "PodMonitor": closed(
        "selector podMetricsEndpoints",
        selector=SELECTOR,
        podMetricsEndpoints=several(closed("port", port=STRING, interval=STRING)),
    ),
    "PrometheusRule": closed(
        "groups", groups=several(closed("name rules", name=STRING, rules=several(RULE)))
    ),
}


def check_resource(each: Mapping[str, Any], version: str = "1.33") -> None:
    """Raises ValidationError of jsonschema."""
    Draft7Validator(SPECS[each["kind"]]).validate(each["spec"])
    if each["kind"] != "RayService":
        return
    cluster = each["spec"]["rayClusterConfig"]
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
        template = group["template"]
        pod = {"apiVersion": "v1", "kind": "Pod", **template}
        check_object({**pod, "metadata": {**template["metadata"], "name": "ray"}}, version)
    service = {"apiVersion": "v1", "kind": "Service", **each["spec"]["serveService"]}
    check_object(service, version)
