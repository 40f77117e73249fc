"""Rules that every rendered object keeps, one function a rule; each yields what breaks it."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from services.settings import Settings
from tests.unit.helm.chart import NAMESPACE, Objects

Object = Mapping[str, Any]
Rule = Callable[[Objects], Iterator[str]]

CONTROL_PORTS = {6379, 8265, 10001, 52365, 44217}
"""Ray's control plane: GCS, dashboard, client, agent, autoscaler."""
FOREIGN_SECRETS = {"internal", "redis", "store", "certificate", "keys", "caller", "ca", "clients"}
FOREIGN_CONFIGS = {"jwks", "limits"}
"""What an installation brings along (tests.unit.helm.combinations)."""
AHEAD = """GATEWAY_CERTIFICATE GATEWAY_KEY GATEWAY_CLIENT_CA ACCESS_KEYS ACCESS_CLIENTS TOKEN_KEYS
TOKEN_ISSUER TOKEN_AUDIENCE LIMITS_FILE LIMITS_STORAGE TOKEN_FILE CA_FILE METRICS_HOST
METRICS_PORT"""
"""Settings of authentication and metrics, which the services learn in changes of their own."""
FLOWS = {
    ("gateway", "serving"), ("worker", "serving"), ("gateway", "redis"), ("worker", "redis"),
    ("gateway", "store"), ("worker", "store"), ("serving", "store"), ("serving-head", "store"),
    ("caller", "gateway"), ("serving", "serving"), ("serving", "serving-head"),
    ("serving-head", "serving"), ("serving-head", "serving-head"),
}  # fmt: skip
"""Who may speak to whom inside the release."""


def pods(objects: Objects) -> Iterator[tuple[str, Object, Object]]:
    """(name, labels, pod spec) of everything that starts pods."""
    for each in objects:
        name = f"{each['kind']} {each['metadata']['name']}"
        spec = each.get("spec", {})
        if each["kind"] == "Pod":
            yield name, each["metadata"]["labels"], spec
        elif each["kind"] == "CronJob":
            yield _template(name, spec["jobTemplate"]["spec"]["template"])
        elif each["kind"] == "RayService":
            cluster = spec["rayClusterConfig"]
            for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
                yield _template(f"{name} {group.get('groupName', 'head')}", group["template"])
        elif "template" in spec:
            yield _template(name, spec["template"])


def _template(name: str, template: Object) -> tuple[str, Object, Object]:
    return name, template["metadata"]["labels"], template["spec"]


def containers(objects: Objects) -> Iterator[tuple[str, Object, Object]]:
    """(name, pod spec, container)."""
    for name, _, pod in pods(objects):
        for each in [*pod["containers"], *pod.get("initContainers", ())]:
            yield f"{name}/{each['name']}", pod, each


def nothing_has_rights(objects: Objects) -> Iterator[str]:
    """The restricted profile, and a root file system that cannot be written."""
    for name, pod, each in containers(objects):
        inner, outer = each.get("securityContext", {}), pod.get("securityContext", {})
        wanted = {"privileged": False, "allowPrivilegeEscalation": False, "runAsNonRoot": True}
        wanted |= {"readOnlyRootFilesystem": True, "runAsUser": 10001}
        for key, value in wanted.items():
            if inner.get(key) != value:
                yield f"{name}: {key} is not {value}"
        if inner.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{name}: keeps capabilities"
        if outer.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name}: no seccomp profile"
        if any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{name}: shares the host's namespaces"
        if any("hostPath" in volume for volume in pod.get("volumes", ())):
            yield f"{name}: mounts a path of the host"
        if pod.get("automountServiceAccountToken") is not False and "head" not in name:
            yield f"{name}: has a token of the API server"


def everything_is_limited(objects: Objects) -> Iterator[str]:
    for name, pod, each in containers(objects):
        for kind in ("requests", "limits"):
            for what in ("cpu", "memory"):
                if what not in each.get("resources", {}).get(kind, {}):
                    yield f"{name}: no {kind} of {what}"
        if any("sizeLimit" not in v["emptyDir"] for v in pod.get("volumes", ()) if "emptyDir" in v):
            yield f"{name}: an unlimited emptyDir"


def mounts_have_volumes(objects: Objects) -> Iterator[str]:
    claims = {
        claim["metadata"]["name"]
        for each in objects
        for claim in each.get("spec", {}).get("volumeClaimTemplates", ())
    }
    for name, pod, each in containers(objects):
        volumes = {volume["name"] for volume in pod.get("volumes", ())} | claims
        mounts = [mount["name"] for mount in each.get("volumeMounts", ())]
        if not {"tmp"} <= set(mounts):
            yield f"{name}: nowhere to write"
        yield from (f"{name}: no volume {mount}" for mount in mounts if mount not in volumes)


def probes_are_there(objects: Objects) -> Iterator[str]:
    """Whatever stays has a liveness probe, and none of them asks a neighbour."""
    for name, pod, each in containers(objects):
        if pod.get("restartPolicy") == "Never":
            continue
        probe = each.get("livenessProbe")
        if probe is None:
            yield f"{name}: no liveness probe"
            continue
        if probe.get("grpc", {}).get("service", "liveness") != "liveness":
            yield f"{name}: liveness asks for more than itself"
        ports = {port["containerPort"] for port in each.get("ports", ())}
        named = {port["name"] for port in each.get("ports", ())}
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = each.get(kind, {}).get("grpc") or each.get(kind, {}).get("tcpSocket")
            if asked and asked["port"] not in ports | named:
                yield f"{name}: {kind} asks a port that is not there"


def no_control_port_is_served(objects: Objects) -> Iterator[str]:
    for service in _services(objects):
        selects_redis = "redis" in str(service["spec"].get("selector", {}))
        for port in service["spec"]["ports"]:
            numbers = {port["port"], port.get("targetPort")} & CONTROL_PORTS
            if numbers and not selects_redis:
                yield f"{service['metadata']['name']}: serves {numbers}"
            if port.get("targetPort") in ("gcs", "dashboard", "client"):
                yield f"{service['metadata']['name']}: serves {port['targetPort']}"


def named_ports_exist(objects: Objects) -> Iterator[str]:
    """Of Services and monitors; selectors select something."""
    for service in [each for each in objects if each["kind"] == "Service"]:
        selector = service["spec"]["selector"]
        ports = set(_ports(objects, selector))
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in ports:
                yield f"{service['metadata']['name']}: no port {port['targetPort']}"
    for monitor in [each for each in objects if each["kind"] == "PodMonitor"]:
        for end in monitor["spec"]["podMetricsEndpoints"]:
            if end["port"] not in set(_ports(objects, monitor["spec"]["selector"]["matchLabels"])):
                yield f"{monitor['metadata']['name']}: no port {end['port']}"
    for monitor in [each for each in objects if each["kind"] == "ServiceMonitor"]:
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        served = [s for s in _services(objects) if wanted <= s["metadata"]["labels"].items()]
        names = {port["name"] for s in served for port in s["spec"]["ports"]}
        for end in monitor["spec"]["endpoints"]:
            if end["port"] not in names:
                yield f"{monitor['metadata']['name']}: no port {end['port']}"


def references_resolve(objects: Objects) -> Iterator[str]:
    """Secrets, ConfigMaps, accounts, scale targets."""
    own = {(each["kind"], each["metadata"]["name"]) for each in objects}
    configs = {name for kind, name in own if kind == "ConfigMap"} | FOREIGN_CONFIGS
    for name, pod, each in containers(objects):
        if ("ServiceAccount", pod.get("serviceAccountName")) not in own:
            yield f"{name}: no account {pod.get('serviceAccountName')}"
        volumes = pod.get("volumes", ())
        secrets = [v["secret"]["secretName"] for v in volumes if "secret" in v]
        maps = [v["configMap"]["name"] for v in volumes if "configMap" in v]
        maps += [source["configMapRef"]["name"] for source in each.get("envFrom", ())]
        for variable in each.get("env", ()):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                secrets.append(reference["name"])
        yield from (f"{name}: no Secret {s!r}" for s in secrets if s not in FOREIGN_SECRETS)
        yield from (f"{name}: no ConfigMap {m!r}" for m in maps if m not in configs)
    for each in objects:
        target = each.get("spec", {}).get("scaleTargetRef")
        if target and (target.get("kind", "Deployment"), target["name"]) not in own:
            yield f"{each['metadata']['name']}: scales nothing"
        if each["kind"] == "Secret":
            yield f"{each['metadata']['name']}: the chart makes a Secret"


def scaling_has_one_master(objects: Objects) -> Iterator[str]:
    """Who scales a Deployment is alone in it, and the Deployment names no number."""
    targets = [
        each["spec"]["scaleTargetRef"]["name"]
        for each in objects
        if each["kind"] in ("ScaledObject", "HorizontalPodAutoscaler")
    ]
    for name in targets:
        if targets.count(name) > 1:
            yield f"{name}: scaled twice"
    for each in objects:
        if each["kind"] == "Deployment":
            scaled = each["metadata"]["name"] in targets
            if scaled == ("replicas" in each["spec"]):
                yield f"{each['metadata']['name']}: replicas and scaling disagree"


def selectors_select(objects: Objects) -> Iterator[str]:
    labels = [labels for _, labels, _ in pods(objects)]
    for each in objects:
        if each["kind"] in ("PodDisruptionBudget", "Deployment", "StatefulSet"):
            wanted = each["spec"]["selector"]["matchLabels"].items()
            if not any(wanted <= one.items() for one in labels):
                yield f"{each['kind']} {each['metadata']['name']}: selects nothing"


def settings_are_known(objects: Objects) -> Iterator[str]:
    """Every DIRECTRIX_ variable is one of services/settings.py, or of the command."""
    known = {f"DIRECTRIX_{name.upper()}" for name in Settings.model_fields}
    known |= {"DIRECTRIX_ENDPOINT", "DIRECTRIX_REQUEST_ID"}
    known |= {f"DIRECTRIX_{name}" for name in AHEAD.split()}
    for each in objects:
        if each["kind"] == "ConfigMap" and each["metadata"]["name"].endswith("-settings"):
            yield from (f"setting {name}" for name in each["data"] if name not in known)
    for name, _, each in containers(objects):
        for variable in each.get("env", ()):
            if variable["name"].startswith("DIRECTRIX_") and variable["name"] not in known:
                yield f"{name}: {variable['name']} is no setting"


def secrets_stay_secret(objects: Objects) -> Iterator[str]:
    """No variable that holds a secret has its value in the chart's objects."""
    words = ("SECRET", "PASSWORD", "ACCESS_KEY", "REDIS_URL")
    for name, _, each in containers(objects):
        for variable in each.get("env", ()):
            named = any(word in variable["name"] for word in words)
            if named and "value" in variable and not variable["name"].endswith("_KEYS"):
                yield f"{name}: {variable['name']} in the open"


def images_are_pinned(objects: Objects) -> Iterator[str]:
    for name, _, each in containers(objects):
        tag = each["image"].rpartition("/")[2].partition(":")[2]
        if tag in ("", "latest"):
            yield f"{name}: {each['image']} has no version"


def objects_are_labelled(objects: Objects) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for each in objects:
        key = (each["kind"], each["metadata"]["name"])
        if key in seen:
            yield f"{key} is there twice"
        seen.add(key)
        if each["metadata"].get("namespace") != NAMESPACE:
            yield f"{key} names no namespace"
        if "app.kubernetes.io/component" not in each["metadata"].get("labels", {}):
            yield f"{key} has no component"
        if len(each["metadata"]["name"]) > 63:
            yield f"{key} has too long a name"


def jobs_end(objects: Objects) -> Iterator[str]:
    for each in objects:
        if each["kind"] in ("Job", "CronJob"):
            spec = (
                each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each["spec"]
            )
            for key in ("activeDeadlineSeconds", "ttlSecondsAfterFinished", "podFailurePolicy"):
                if key not in spec:
                    yield f"{each['metadata']['name']}: no {key}"


def only_named_flows(objects: Objects) -> Iterator[str]:
    """With policies: nothing is allowed by default, and inside the release FLOWS alone."""
    policies = [each["spec"] for each in objects if each["kind"] == "NetworkPolicy"]
    if not policies:
        return
    denying = [p for p in policies if not p.get("ingress") and not p.get("egress")]
    if not any(set(p["policyTypes"]) == {"Ingress", "Egress"} for p in denying):
        yield "nothing denies by default"
    parts = {labels["app.kubernetes.io/component"]: labels for _, labels, _ in pods(objects)}
    for policy in policies:
        ends = [name for name, labels in parts.items() if _selects(policy["podSelector"], labels)]
        for side, peers in (("ingress", "from"), ("egress", "to")):
            for allowed in policy.get(side, ()):
                for other in _named(allowed.get(peers, ()), parts):
                    for own in ends:
                        flow = (own, other) if side == "egress" else (other, own)
                        if flow not in FLOWS and not _anyone(allowed, peers):
                            yield f"{flow[0]} may speak to {flow[1]}"


def _named(peers: Any, parts: Mapping[str, Object]) -> Iterator[str]:
    for peer in peers:
        if "podSelector" in peer:
            yield from (
                name for name, labels in parts.items() if _selects(peer["podSelector"], labels)
            )


def _anyone(allowed: Object, peers: str) -> bool:
    """Every pod of the namespace may call: of the gateway alone."""
    return allowed.get(peers) == [{"podSelector": {}}]


def _selects(selector: Object, labels: Object) -> bool:
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    return all(
        labels.get(expression["key"]) in expression["values"]
        for expression in selector.get("matchExpressions", ())
    )


def _services(objects: Objects) -> list[Object]:
    """Services, that of a RayService among them."""
    found: list[Object] = [each for each in objects if each["kind"] == "Service"]
    found += [each["spec"]["serveService"] for each in objects if each["kind"] == "RayService"]
    return found


def _ports(objects: Objects, selector: Object) -> Iterator[str | int]:
    for _, labels, pod in pods(objects):
        if selector.items() <= labels.items():
            for each in pod["containers"]:
                for port in each.get("ports", ()):
                    yield from (port["name"], port["containerPort"])


def serve_config_is_right(objects: Objects) -> Iterator[str]:
    """What the RayService hands to Ray Serve: ports as in the Service, names that are asked for."""
    for each in objects:
        if each["kind"] != "RayService":
            continue
        config = yaml.safe_load(each["spec"]["serveConfigV2"])
        ports = {port["targetPort"] for port in each["spec"]["serveService"]["spec"]["ports"]}
        if config["grpc_options"]["port"] not in ports:
            yield f"{json.dumps(config['grpc_options'])} is not served"
        (settings,) = (
            one["data"]
            for one in objects
            if one["kind"] == "ConfigMap" and one["metadata"]["name"].endswith("-settings")
        )
        asked = {settings.get("DIRECTRIX_INFERENCE_APPLICATION", "inference")}
        asked |= {value for name, value in settings.items() if name.endswith("_APPLICATION")}
        if asked != {application["name"] for application in config["applications"]}:
            yield f"applications {asked} are asked for"


RULES: tuple[Rule, ...] = (
    nothing_has_rights, everything_is_limited, mounts_have_volumes, probes_are_there,
    no_control_port_is_served, named_ports_exist, references_resolve, scaling_has_one_master,
    selectors_select, settings_are_known, secrets_stay_secret, images_are_pinned,
    objects_are_labelled, jobs_end, only_named_flows, serve_config_is_right,
)  # fmt: skip


def broken(objects: Objects) -> list[str]:
    """What breaks a rule, in words."""
    return [f"{rule.__name__}: {told}" for rule in RULES for told in rule(objects)]
