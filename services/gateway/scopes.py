"""What every call needs: the one table. A call that is not in it is refused to everybody.

A test compares it with the descriptors of everything that the gateway serves.
"""

from collections.abc import Mapping

from services.access import ALL_SCOPES, Scope

OPEN: frozenset[Scope] = frozenset()
"""Needs nothing, not even to say who calls."""
READ = ALL_SCOPES
"""Any scope of the project."""
EDIT, EXPLAIN = frozenset({Scope.EDIT}), frozenset({Scope.EXPLAIN})
DISCOVER, ADMIN = frozenset({Scope.DISCOVER}), frozenset({Scope.ADMIN})
STOP = frozenset({Scope.DISCOVER, Scope.EXPLAIN, Scope.ADMIN})
"""Those who can start jobs can stop them."""

_V1 = "/directrix.v1."
_LRO = "/google.longrunning.Operations/"
_HEALTH = "/grpc.health.v1.Health/"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

SCOPES: Mapping[str, frozenset[Scope]] = {
    f"{_V1}ModelService/CreateModel": ADMIN,
    f"{_V1}ModelService/GetModel": READ,
    f"{_V1}ModelService/ListModels": READ,
    f"{_V1}ModelService/TrainEncoder": DISCOVER,
    f"{_V1}FindingService/CreateFindingSet": DISCOVER,
    f"{_V1}FindingService/GetFindingSet": READ,
    f"{_V1}FindingService/ListFindingSets": READ,
    f"{_V1}FindingService/GetScorecard": READ,
    f"{_V1}FindingService/CompareFindingSets": READ,
    f"{_V1}DiscoveryService/ListDiscoveryMethods": READ,
    f"{_V1}DiscoveryService/DiscoverFindings": DISCOVER,
    f"{_V1}EditingService/EditImage": EDIT,
    f"{_V1}EditingService/StreamEdits": EDIT,
    f"{_V1}EditingService/RenderFilmstrip": EDIT,
    f"{_V1}EditingService/SampleLatents": EDIT,
    f"{_V1}EditingService/InvertImage": EDIT,
    f"{_V1}ExplanationService/ExplainImage": EXPLAIN,
    f"{_V1}ExplanationService/StreamExplanation": EXPLAIN,
    f"{_V1}ExplanationService/AuditClassifier": EXPLAIN,
    f"{_V1}AuditService/GetAudit": READ,
    f"{_V1}AuditService/ListAudits": READ,
    f"{_V1}AuditService/DownloadAudit": READ,
    f"{_LRO}ListOperations": READ,
    f"{_LRO}GetOperation": READ,
    f"{_LRO}WaitOperation": READ,
    f"{_LRO}CancelOperation": STOP,
    f"{_LRO}DeleteOperation": ADMIN,
    f"{_HEALTH}Check": OPEN,
    f"{_HEALTH}List": OPEN,
    f"{_HEALTH}Watch": OPEN,
    REFLECTION: OPEN,
}
