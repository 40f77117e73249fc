"""Two projects behind one gateway: neither learns anything of the other, whatever it asks."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.longrunning.operations_pb2 import GetOperationRequest, ListOperationsRequest
from google.longrunning.operations_pb2_grpc import OperationsStub
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2_grpc
from grpc_status import rpc_status

from directrix.v1 import discovery_service_pb2 as discovery
from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import finding_service_pb2 as finding
from directrix.v1 import model_service_pb2 as model
from directrix.v1 import values_pb2 as pb
from directrix.v1.discovery_service_pb2_grpc import DiscoveryServiceStub
from directrix.v1.editing_service_pb2_grpc import EditingServiceStub
from directrix.v1.explanation_service_pb2_grpc import ExplanationServiceStub
from directrix.v1.finding_service_pb2_grpc import FindingServiceStub
from directrix.v1.model_service_pb2_grpc import ModelServiceStub
from services.access import Scope
from services.access.keys import add_key
from tests.integration.gateway.conftest import serving
from tests.integration.gateway.malformed import _imported
from tests.integration.gateway.pictures import PICTURES
from tests.integration.gateway.world import Bearing, Scene, scene
from tests.integration.servers import wait_for

BAGS = "projects/bags"
REQUEST = "1c0f3a52-6f3e-4b0e-9d7c-6a5b4c3d2e1f"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("projects")


@pytest.fixture(scope="module")
def live(keys: Path) -> Iterator[Scene]:
    ours = add_key(keys / "keys.json", {"default": frozenset(Scope)})
    limits = {
        "default": {},
        "projects": {
            "limited": {"images_per_minute": 3},
            "busy": {"jobs_outstanding": 1},
        },
    }
    (keys / "limits.json").write_text(json.dumps(limits))
    access = {"access_keys": keys / "keys.json", "limits_file": keys / "limits.json"}
    with scene(keys, ours, **access) as running:
        stub = health_pb2_grpc.HealthStub(running.channel)
        wait_for(lambda: serving(stub, ""), 120)
        yield running


def channel_of(live: Scene, keys: Path, project: str) -> grpc.Channel:
    key = add_key(keys / "keys.json", {project: frozenset(Scope)})
    return grpc.intercept_channel(grpc.insecure_channel(live.admin_target), Bearing(key))


@pytest.fixture(scope="module")
def bags(live: Scene, keys: Path) -> grpc.Channel:
    return channel_of(live, keys, "bags")


def register(live: Scene, channel: grpc.Channel, project: str) -> model.Model:
    card = live.toy.card.model_copy(update={"digest": ""}).model_dump_json()
    request = model.CreateModelRequest(
        parent=f"projects/{project}", model_id="toy", card_json=card, tensors=live.tensors
    )
    return ModelServiceStub(channel).CreateModel(request)


def refused(call, request: Message) -> tuple[str, dict[str, Message]]:
    """Reason and details."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=20)
    details = {}
    for packed in rpc_status.from_call(caught.value).details:
        kind = getattr(error_details_pb2, packed.TypeName().rpartition(".")[2])
        details[kind.__name__] = kind()
        assert packed.Unpack(details[kind.__name__])
    return details["ErrorInfo"].reason, details


def test_a_digest_of_another_project_says_nothing(live: Scene, bags: grpc.Channel) -> None:
    """Before the model is registered here too, and after."""
    assert not ModelServiceStub(bags).ListModels(model.ListModelsRequest(parent=BAGS)).models
    request = _imported(live)
    request.parent = BAGS
    findings = FindingServiceStub(bags)
    assert refused(findings.CreateFindingSet, request)[0] == "MODEL_NOT_FOUND"
    edit = editing.EditImageRequest(recipe=pb.Recipe(generator=f"{BAGS}/models/toy"))
    edit.recipe.seed.seed = 1
    assert refused(EditingServiceStub(bags).EditImage, edit)[0] == "MODEL_NOT_FOUND"
    registered = register(live, bags, "bags")
    assert (registered.name, registered.digest) == (f"{BAGS}/models/toy", live.toy.digest)
    assert len(EditingServiceStub(bags).EditImage(edit).image.digest) == 64
    made = findings.CreateFindingSet(request)
    assert made.name.startswith(f"{BAGS}/findingSets/")
    listed = findings.ListFindingSets(finding.ListFindingSetsRequest(parent=BAGS))
    assert [each.name for each in listed.finding_sets] == [made.name]
    # the same set under our own name only: the other project's set of that digest has a scorecard
    theirs = finding.GetFindingSetRequest(name=live.findings.replace("default", "bags"))
    assert refused(findings.GetFindingSet, theirs)[0] == "FINDING_SET_NOT_FOUND"


def test_pictures_of_another_project_are_not_there(live: Scene, bags: grpc.Channel) -> None:
    """Uploaded pictures are named by digest: the digest opens them in their own project only."""
    register(live, bags, "bags")
    for name in ("judge",):
        entry = getattr(live, name)
        files = live.catalogue.model_files(entry.digest)
        live.catalogue.of("bags").put_model(name, *files)
    given = explanation.PictureSet(images=[PICTURES["right"]] * 2)

    def audit(project: str, pictures: explanation.PictureSet) -> explanation.AuditClassifierRequest:
        return explanation.AuditClassifierRequest(
            parent=f"projects/{project}",
            generator=f"projects/{project}/models/toy",
            classifier=f"projects/{project}/models/judge",
            finding_sets=[live.findings.replace("default", project)],
            pictures=pictures,
        )

    live.catalogue.of("bags").put_finding_set(live.catalogue.finding_set(live.findings))
    started = ExplanationServiceStub(live.channel).AuditClassifier(audit("default", given))
    spec = live.jobs.get(started.name).spec
    stored = explanation.PictureSet(digest=spec.pictures.images)
    ours = ExplanationServiceStub(live.channel).AuditClassifier(audit("default", stored))
    assert live.jobs.get(ours.name).spec.pictures.images == stored.digest
    reason, _ = refused(ExplanationServiceStub(bags).AuditClassifier, audit("bags", stored))
    assert reason == "OBJECT_NOT_FOUND"


def _discover(project: str, **more: object) -> discovery.DiscoverFindingsRequest:
    generator = f"projects/{project}/models/toy"
    return discovery.DiscoverFindingsRequest(
        parent=f"projects/{project}", generator=generator, method="axes", **more
    )


def test_request_ids_and_jobs_are_of_a_project(live: Scene, bags: grpc.Channel) -> None:
    register(live, bags, "bags")
    ours = DiscoveryServiceStub(live.channel).DiscoverFindings(
        _discover("default", request_id=REQUEST)
    )
    theirs = DiscoveryServiceStub(bags).DiscoverFindings(_discover("bags", request_id=REQUEST))
    assert ours.name != theirs.name
    assert theirs.name.startswith(f"{BAGS}/operations/")
    listed = OperationsStub(bags).ListOperations(ListOperationsRequest(name=BAGS)).operations
    assert {each.name for each in listed} == {theirs.name}
    disguised = GetOperationRequest(name=ours.name.replace("default", "bags"))
    assert refused(OperationsStub(bags).GetOperation, disguised)[0] == "OPERATION_NOT_FOUND"
    assert live.jobs.get(theirs.name).project == "bags"


def test_page_tokens_are_of_a_project(live: Scene, bags: grpc.Channel) -> None:
    request = model.ListModelsRequest(parent=BAGS, page_size=1, page_token=live.tokens["models"])
    assert refused(ModelServiceStub(bags).ListModels, request)[0] == "PAGE_TOKEN_INVALID"


def test_a_limit_of_images_holds_for_its_project_only(live: Scene, keys: Path) -> None:
    channel = channel_of(live, keys, "limited")
    register(live, channel, "limited")
    edit = editing.EditImageRequest(recipe=pb.Recipe(generator="projects/limited/models/toy"))
    edit.recipe.seed.seed = 1
    stub = EditingServiceStub(channel)
    for _ in range(3):
        stub.EditImage(edit, timeout=20)
    reason, details = refused(stub.EditImage, edit)
    assert reason == "RATE_LIMITED"
    assert 0 < details["RetryInfo"].retry_delay.ToNanoseconds() <= 60e9
    (violation,) = details["QuotaFailure"].violations
    assert violation.subject == "projects/limited"
    ours = editing.EditImageRequest(recipe=pb.Recipe(generator=live.toy.name))
    ours.recipe.seed.seed = 1
    assert EditingServiceStub(live.channel).EditImage(ours, timeout=20).image.digest


def test_a_limit_of_jobs_spares_repeated_requests(live: Scene, keys: Path) -> None:
    channel = channel_of(live, keys, "busy")
    register(live, channel, "busy")
    stub = DiscoveryServiceStub(channel)
    first = stub.DiscoverFindings(_discover("busy", request_id=REQUEST))
    reason, details = refused(stub.DiscoverFindings, _discover("busy"))
    assert reason == "QUOTA_EXCEEDED"
    assert details["QuotaFailure"].violations[0].subject == "projects/busy"
    assert "RetryInfo" in details
    assert stub.DiscoverFindings(_discover("busy", request_id=REQUEST)).name == first.name
    live.jobs.cancel(first.name)
    assert stub.DiscoverFindings(_discover("busy")).name != first.name
