"""Every call x every kind of credentials x whose project: who is let in, over a real gateway.

The calls come from the descriptors of what the gateway serves, so that a new one without a place
in the table fails here; the requests are the good ones that malformed cases start from.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2_grpc
from grpc_status import rpc_status

from directrix.errors import DirectrixError
from services.access import Scope
from services.access.keys import add_key, revoke_key
from services.gateway.errors import code_of, every_error
from services.gateway.scopes import ADMIN, OPEN, REFLECTION, SCOPES
from tests.integration.gateway.conftest import serving
from tests.integration.gateway.malformed import BASES, LIST_MODELS, STREAM
from tests.integration.gateway.test_malformed import every_call
from tests.integration.gateway.world import Scene, scene
from tests.integration.servers import wait_for
from tests.unit.services.access.credentials import AUDIENCE, ISSUER, Signer

OURS, OTHER, NOWHERE = "default", "bags", "nowhere"
ERRORS = {error.reason: error for error in every_error()}
CALLS = sorted(every_call())
DELETE = "/google.longrunning.Operations/DeleteOperation"
ANSWERS_OTHERWISE = {DELETE: "OPERATION_UNFINISHED"}
"""Calls whose good request is refused for another reason than who makes it."""


@dataclass
class Gate:
    """A gateway with authentication, and credentials of all kinds."""

    live: Scene
    public: grpc.Channel
    admin: grpc.Channel
    good: dict[str, str]
    """By what they are good for."""
    bad: dict[str, str]
    secrets: list[str]


def _keys(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    def key(project: str, *scopes: Scope, **more: datetime) -> str:
        return add_key(path, {project: frozenset(scopes)}, **more)

    good = {scope.value: key(OURS, scope) for scope in Scope}
    good["all"] = key(OURS, *Scope)
    good["all of another"] = key(OTHER, *Scope)
    good["all of two"] = add_key(path, {OURS: frozenset(Scope), OTHER: frozenset(Scope)})
    good["all of every"] = key("*", *Scope)
    good["no scope"] = key(OURS)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    bad = {"expired key": key(OURS, *Scope, expires=yesterday), "revoked key": key(OURS, *Scope)}
    revoke_key(path, bad["revoked key"].split("_")[1], yesterday)
    bad["wrong secret"] = good["all"][:-3] + "AAA"
    return good, bad


def _tokens(signer: Signer) -> tuple[dict[str, str], dict[str, str]]:
    grants = {OURS: [scope.value for scope in Scope]}
    good = {"token": signer.token(grants, "EdDSA", exp=int(time.time()) + 3600)}
    bad = {
        "expired token": signer.token(grants, exp=int(time.time()) - 3600),
        "wrong audience": signer.token(grants, aud="another"),
        "wrong issuer": signer.token(grants, iss="https://elsewhere.example"),
        "none algorithm": signer.unsigned(grants),
        "public key as secret": signer.forged(grants),
        "another's signature": Signer().token(grants),
    }
    return good, bad


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    folder, signer = tmp_path_factory.mktemp("access"), Signer()
    keys_good, keys_bad = _keys(folder / "keys.json")
    tokens_good, tokens_bad = _tokens(signer)
    good, bad = {**keys_good, **tokens_good}, {**keys_bad, **tokens_bad}
    access = {
        "access_keys": folder / "keys.json",
        "token_keys": signer.write(folder / "jwks.json"),
        "token_issuer": ISSUER,
        "token_audience": AUDIENCE,
    }
    with scene(folder, good["all"], **access) as live:
        # what is in one project is in another too, so that "not there" is never why it is refused
        other = live.catalogue.of(OTHER)
        other.put_model("toy", live.toy.card.model_dump_json(), live.tensors)
        stub = health_pb2_grpc.HealthStub(live.channel)
        wait_for(lambda: serving(stub, ""), 120)
        with (
            grpc.insecure_channel(live.target) as public,
            grpc.insecure_channel(live.admin_target) as admin,
        ):
            secrets = [*good.values(), *bad.values()]
            yield Gate(live, public, admin, good, bad, secrets)


def reason(channel: grpc.Channel, call: str, request: Message, bearer: str | None) -> str:
    """Of the refusal; empty where the call was answered. The status fits its reason."""
    metadata = () if bearer is None else (("authorization", f"Bearer {bearer}"),)
    try:
        _ask(channel, call, request, metadata)
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        assert status is not None, error
        info = error_details_pb2.ErrorInfo()
        assert status.details[0].Unpack(info)
        known: type[DirectrixError] = ERRORS[info.reason]
        assert error.code() is code_of(known(""))
        return info.reason
    return ""


def _ask(channel: grpc.Channel, call: str, request: Message, metadata: tuple) -> None:
    data = request.SerializeToString()
    kind = call.rpartition("/")[2]
    if call == STREAM or kind == "ServerReflectionInfo":
        next(channel.stream_stream(call)(iter([data]), timeout=20, metadata=metadata))
    elif kind in ("Watch", "StreamExplanation", "DownloadAudit"):
        answers = channel.unary_stream(call)(data, timeout=20, metadata=metadata)
        next(answers)
        answers.cancel()
    else:
        channel.unary_unary(call)(data, timeout=20, metadata=metadata)


def expected(call: str, scopes: frozenset[Scope], port: str) -> str:
    """The reason that a caller with these scopes in our project gets."""
    if call == REFLECTION:
        return "PERMISSION_DENIED"  # nobody is entitled to what the settings switch off
    if SCOPES[call] == OPEN:
        return ""
    if not SCOPES[call] & scopes or (SCOPES[call] == ADMIN and port == "public"):
        return "PERMISSION_DENIED"
    return ANSWERS_OTHERWISE.get(call, "")


def test_the_table_has_every_call_and_no_other() -> None:
    assert set(SCOPES) == set(CALLS) == set(BASES)


@pytest.mark.parametrize("port", ["public", "admin"])
@pytest.mark.parametrize("scopes", [*Scope, "all", "token", "all of two", "all of every"])
@pytest.mark.parametrize("call", CALLS)
def test_scopes_let_in_where_they_should(gate: Gate, call: str, scopes: str, port: str) -> None:
    held = frozenset({Scope(scopes)}) if scopes in tuple(Scope) else frozenset(Scope)
    channel = gate.public if port == "public" else gate.admin
    found = reason(channel, call, BASES[call](gate.live), gate.good[scopes])
    assert found == expected(call, held, port)


BAD = ["expired key", "revoked key", "wrong secret", "expired token", "wrong audience",
       "wrong issuer", "none algorithm", "public key as secret", "another's signature", "nothing",
       "garbage"]  # fmt: skip


@pytest.mark.parametrize("port", ["public", "admin"])
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("call", CALLS)
def test_bad_credentials_let_nobody_in(gate: Gate, call: str, bad: str, port: str) -> None:
    channel = gate.public if port == "public" else gate.admin
    bearer = {"nothing": None, "garbage": "garbage"}.get(bad, gate.bad.get(bad))
    found = reason(channel, call, BASES[call](gate.live), bearer)
    assert found == ("" if SCOPES[call] == OPEN and call != REFLECTION else "UNAUTHENTICATED")


@pytest.mark.parametrize("credentials", ["all of another", "no scope"])
@pytest.mark.parametrize("call", [c for c in CALLS if SCOPES[c] != OPEN])
def test_another_project_is_closed(gate: Gate, call: str, credentials: str) -> None:
    found = reason(gate.admin, call, BASES[call](gate.live), gate.good[credentials])
    assert found == "PERMISSION_DENIED"


@pytest.mark.parametrize("call", [c for c in CALLS if SCOPES[c] != OPEN])
def test_a_project_that_there_is_and_one_that_there_is_not_look_alike(
    gate: Gate, call: str
) -> None:
    answers = set()
    for project in (OTHER, NOWHERE):
        request = renamed(BASES[call](gate.live), project)
        with pytest.raises(grpc.RpcError) as caught:
            _ask(gate.admin, call, request, _bearer(gate.good["all"]))
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
        answers.add(caught.value.details().replace(project, "PROJECT"))
    assert len(answers) == 1


@pytest.mark.parametrize("call", [c for c in CALLS if SCOPES[c] != OPEN])
def test_nothing_of_one_project_is_used_in_another(gate: Gate, call: str) -> None:
    """Each name of a request in turn is one of another project that the caller has as well."""
    count = len(names(BASES[call](gate.live)))
    for place in range(count if count > 1 else 0):
        request = renamed(BASES[call](gate.live), OTHER, place)
        assert reason(gate.admin, call, request, gate.good["all of two"]) == "INVALID_FIELD"
        assert reason(gate.admin, call, request, gate.good["all"]) == "PERMISSION_DENIED"


def test_credentials_stay_out_of_the_log_and_callers_are_in_it(gate: Gate) -> None:
    reason(gate.public, LIST_MODELS, BASES[LIST_MODELS](gate.live), gate.good["edit"])
    log = gate.live.log.getvalue()
    assert gate.secrets
    for text in gate.secrets:
        parts = text.split("_", 2)[2:] if text.startswith("dx_") else text.split(".")
        assert not [part for part in parts if len(part) > 8 and part in log]
    calls = [json.loads(line) for line in log.splitlines() if '"call"' in line]
    id = gate.good["edit"].split("_")[1]
    mine = [line for line in calls if line["caller"] == f"key:{id}"]
    assert {line["project"] for line in mine if line["code"] == "OK"} == {OURS}
    (started,) = [json.loads(line) for line in log.splitlines() if '"started"' in line]
    assert started["access"] == "tokens, API keys"
    assert [line for line in log.splitlines() if '"defect"' in line] == []


def names(message: Message) -> list[tuple[Message, str, int | None]]:
    """Where a message holds resource names: (message, field, place in a list)."""
    found: list[tuple[Message, str, int | None]] = []
    for field, value in message.ListFields():
        if field.message_type is not None:
            if not field.message_type.GetOptions().map_entry:
                for each in value if field.is_repeated else [value]:
                    found += names(each)
        elif field.type == field.TYPE_STRING:
            items = list(enumerate(value)) if field.is_repeated else [(None, value)]
            found += [(message, field.name, at) for at, text in items if text[:9] == "projects/"]
    return found


def renamed(message: Message, project: str, place: int | None = None) -> Message:
    """With another project in all names, or in one of them."""
    for number, (owner, field, at) in enumerate(names(message)):
        if place is not None and number != place:
            continue
        held = getattr(owner, field) if at is None else getattr(owner, field)[at]
        changed = held.replace(f"projects/{OURS}", f"projects/{project}", 1)
        assert changed != held
        if at is None:
            setattr(owner, field, changed)
        else:
            getattr(owner, field)[at] = changed
    return message


def _bearer(text: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {text}"),)
