"""The whole system as `make up` starts it: health, dead parts, listeners, refusals, the end."""

import ipaddress
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest

from directrix.archive import pack_arrays
from directrix.client import Client
from directrix.client.errors import ApiError
from directrix.errors import Unauthenticated
from directrix.generators import linear
from directrix.types import ImageCard
from services.inference.client import BlockingInferenceClient
from services.settings import Settings
from services.stack import survivors
from services.stack.probes import serves
from services.stack.services import replicas
from tests.conftest import ROOT, Stack

NAME = "stack-toy"
PARTS = ("broker", "store", "serving", "worker", "gateway")
STORES = {"seaweedfs": "weed", "minio": "juicefs"}
"""The program of each store."""


class Answers:
    """A small model at the gateway, and whether requests for it are answered."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        arrays, _ = linear.planted([2.0, 1.0], pixels=64, seed=4)
        card = linear.card(NAME, ImageCard(channels=1, height=8, width=8), z_dim=2)
        with Client(endpoint) as client:
            client.register_model(NAME, card.model_dump_json(), pack_arrays(arrays))
            self.digest = client.edit(NAME, seed=2).digest

    def edit(self) -> bool:
        """An edit gives the same bytes as at first."""
        try:
            with Client(self.endpoint, timeout=5) as client:
                return client.edit(NAME, seed=2).digest == self.digest
        except ApiError:
            return False

    def discover(self) -> int:
        """A job through queue and worker; how many findings it ends with."""
        with Client(self.endpoint) as client:
            return (
                client.discover(NAME, "sefa", parameters={"components": 2})
                .result(120)
                .finding_count
            )


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack without Ray for tests that end it; they start it again."""
    stack = Stack(tmp_path_factory.mktemp("own"), "lite")
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with Ray Serve."""
    stack = Stack(tmp_path_factory.mktemp("full"), "full")
    try:
        stack.start(240)
        yield stack
    finally:
        stack.stop()


def test_every_part_comes_back_and_requests_work_again(own: Stack) -> None:
    answers = Answers(own.endpoint)
    assert serves(own.endpoint)
    for part in PARTS:
        pid = own.state.parts[part]
        os.kill(pid, signal.SIGKILL)
        own.wait(lambda part=part, pid=pid: own.state.parts.get(part, pid) != pid)
        own.wait(lambda: own.state.ready)
        own.wait(answers.edit)
    assert answers.discover() == 2
    own.wait(lambda: serves(own.endpoint))


def test_nothing_is_left_after_ctrl_c_and_models_are_there_again(own: Stack) -> None:
    answers = Answers(own.endpoint)
    ends_clean(own, lambda: own.process.send_signal(signal.SIGINT), seconds=60)
    assert own.process.returncode == 0
    own.start()
    assert own.endpoint != ""
    with Client(own.endpoint) as client:
        assert NAME in [model.name.rpartition("/")[2] for model in client.models()]
        assert client.edit(NAME, seed=2).digest == answers.digest


def test_nothing_is_left_after_a_kill_of_the_supervisor(own: Stack) -> None:
    ends_clean(own, lambda: own.process.kill(), seconds=10)


def test_listeners_without_ray_are_those_that_are_written_down(stack: Stack) -> None:
    assert_listeners(stack)


def test_listeners_with_minios_code_are_those_that_are_written_down(tmp_path: Path) -> None:
    stack = Stack(tmp_path, "lite", "minio")
    try:
        stack.start()
        assert Answers(stack.endpoint).discover() == 2
        assert_listeners(stack)
        ends_clean(stack, lambda: stack.process.terminate(), seconds=60)
    finally:
        stack.stop()


def test_the_inference_port_asks_for_the_secret(stack: Stack) -> None:
    assert_secret_needed(stack)


@pytest.mark.timeout(600)
def test_the_full_stack(full: Stack) -> None:
    """One start for all of it, for Ray takes its time: the names of the parts say what failed."""
    answers = Answers(full.endpoint)
    assert serves(full.endpoint)
    assert answers.edit()
    assert answers.discover() == 2
    assert_listeners(full)
    assert_secret_needed(full)
    assert_ray_needs_its_token(full)
    for part in ("serving", "gateway"):
        pid = full.state.parts[part]
        os.kill(pid, signal.SIGKILL)
        full.wait(lambda part=part, pid=pid: full.state.parts.get(part, pid) != pid)
        full.wait(lambda: full.state.ready, 180)
        full.wait(answers.edit)
    ends_clean(full, lambda: full.process.terminate(), seconds=40)


@pytest.mark.timeout(600)
def test_ray_leaves_nothing_after_a_kill_of_the_supervisor(full: Stack) -> None:
    if full.process.poll() is not None:
        full.start(240)
    ends_clean(full, lambda: full.process.kill(), seconds=15)


def ends_clean(stack: Stack, end: object, seconds: float) -> None:
    """After `end` no process of the stack runs and none of its ports is open."""
    state = stack.state
    processes = [psutil.Process(pid) for pid, _ in state.processes if psutil.pid_exists(pid)]
    opened = {port for _, _, _, port in sockets(stack)}
    assert {"gateway", "serving"} <= set(state.parts) and len(opened) >= len(state.ports)
    end()
    stack.process.wait(seconds)
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    assert [process.cmdline() for process in alive] == []
    assert survivors.of(state) == set()
    listening = {c.laddr.port for c in psutil.net_connections("tcp") if c.status == "LISTEN"}
    assert opened & listening == set()


def sockets(stack: Stack) -> list[tuple[str, str, str, int]]:
    """(part, program, address, port) of everything that listens below the stack."""
    found = []
    leashes = {psutil.Process(pid).ppid(): part for part, pid in stack.state.parts.items()}
    for process in psutil.Process(stack.process.pid).children(recursive=True):
        try:
            above = [process.pid, *(p.pid for p in process.parents())]
            part = next(leashes[pid] for pid in above if pid in leashes)
            program = re.sub(r"^python[\d.]*$", "python", process.name())
            program = program.replace("redis-server", "valkey-server")
            # while an actor of Ray is at work its title names the method after a dot
            program = program.split(".")[0] if program.startswith("ray::") else program
            for c in process.net_connections("tcp"):
                if c.status == psutil.CONN_LISTEN:
                    found.append((part, program, c.laddr.ip, c.laddr.port))
        except psutil.NoSuchProcess:
            continue
    return found


def assert_listeners(stack: Stack) -> None:
    names = {port: name for name, port in stack.state.ports.items()}
    named, free = set(), Counter[tuple[str, str]]()
    for part, program, address, port in sockets(stack):
        ip = ipaddress.ip_address(address)
        assert (getattr(ip, "ipv4_mapped", None) or ip).is_loopback, (part, program, address, port)
        if port in names:
            named.add((part, program, names[port]))
        else:
            free[part, program] += 1
    wanted, allowed = written(stack.profile, stack.store)
    assert named == wanted
    assert not free - allowed, f"more than is written down: {free - allowed}"
    assert set(free) == set(allowed)


def written(profile: str, store: str) -> tuple[set[tuple[str, str, str]], Counter[tuple[str, str]]]:
    """The table of docs/listeners.md: named ports, and how many others at most."""
    named, free = set(), Counter[tuple[str, str]]()
    for line in Path(ROOT / "docs/listeners.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 6 or cells[3] not in (profile, "both"):
            continue
        part, program, ports = cells[:3]
        if part == "store" and program != STORES[store]:
            continue
        if count := re.fullmatch(r"(\d+) free( each)?", ports):
            processes = replicas(profile, Settings()) if count[2] else 1
            free[part, program] += int(count[1]) * processes
        else:
            named |= {(part, program, name.strip()) for name in ports.split(",")}
    return named, free


def assert_secret_needed(stack: Stack) -> None:
    target = f"127.0.0.1:{stack.state.ports['inference']}"
    for secret in ("", "0" * 48):
        client = BlockingInferenceClient(target, secret, "inference")
        with client, pytest.raises(Unauthenticated):
            client.ready()


def assert_ray_needs_its_token(stack: Stack) -> None:
    """Ray's control store refuses; no port of Ray's answers a call of the service."""
    refusals = Counter[str]()
    for _, program, _, port in sockets_of_ray(stack):
        for method in (
            "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo",
            "/ray.rpc.CoreWorkerService/PushTask",
            "/ray.serve.ASGIService/HandleRequest",
            "/directrix.inference.v1.InferenceService/Sample",
        ):
            refusals[f"{program} {method.rpartition('/')[2]} {refusal(port, method)}"] += 1
    answered = [line for line in refusals if line.endswith(" OK")]
    assert answered == []
    assert refusals["gcs_server GetAllNodeInfo UNAUTHENTICATED"] == 1
    replica = "ray::ServeReplica:inference:replica"
    assert refusals[f"{replica} Sample UNAUTHENTICATED"] >= 1
    assert refusals[f"{replica} PushTask UNAUTHENTICATED"] >= 1


def sockets_of_ray(stack: Stack) -> list[tuple[str, str, str, int]]:
    return [each for each in sockets(stack) if each[0] == "serving"]


def refusal(port: int, method: str) -> str:
    """The status with which a port answers an empty call without token or secret."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(method)
        try:
            call(b"", timeout=3, metadata=(("application", "inference"),))
        except grpc.RpcError as error:
            return error.code().name
    return "OK"
