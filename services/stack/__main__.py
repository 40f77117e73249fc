"""`python -m services.stack`: starts all parts, stays, brings dead ones back, stops all."""

import argparse
import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from services.access import Identities
from services.settings import Settings
from services.stack import ports, record, survivors
from services.stack.keys import Secrets, write_private
from services.stack.part import Part
from services.stack.programs import ProgramMissing
from services.stack.services import environment, parts, port_names
from services.stack.stores import STORES
from services.stack.supervisor import PartFailed, Supervisor

GATEWAY_PORT = 50051


def main() -> int:
    options = _options()
    folder: Path = options.folder.resolve()
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    lock = _lock(folder)
    if lock is None:
        return _join(folder, options.then)
    with lock:
        return _run(options, folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.stack", description=__doc__)
    parser.add_argument("--profile", choices=["full", "lite"], default="full")
    parser.add_argument("--folder", type=Path, default=Path("build/stack"))
    parser.add_argument("--store", choices=[*STORES], default=Settings().stack_store)
    parser.add_argument(
        "--port", type=int, help=f"of the gateway: {GATEWAY_PORT} if free; 0 is any free one"
    )
    parser.add_argument(
        "--then", nargs=argparse.REMAINDER, default=[], metavar="COMMAND",
        help="run COMMAND with DIRECTRIX_ENDPOINT set once all is ready, and stop after it",
    )  # fmt: skip
    return parser.parse_args()


def _lock(folder: Path) -> IO[str] | None:
    """None where another stack runs from this folder."""
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _join(folder: Path, then: list[str]) -> int:
    """A stack runs already: the command uses it; without one that is an error."""
    found = record.read(folder / "state.json")
    if found is None or not found.ready or not then:
        where = f" at {found.endpoint}" if found else ""
        _say(f"a stack runs already{where} (folder {folder}); stop it first")
        return 1
    _say(f"using the stack that runs at {found.endpoint}")
    return subprocess.run(then, env=_for_clients(found.endpoint), check=False).returncode


def _run(options: argparse.Namespace, folder: Path) -> int:
    before = record.read(folder / "state.json")
    if before is not None:
        survivors.end(before)
    chosen = ports.choose(port_names(options.store), before.ports if before else {})
    chosen["gateway"] = options.port or _gateway_port(options.port is None)
    drawn = Secrets()
    endpoint = f"127.0.0.1:{chosen['gateway']}"
    notes = record.Record(
        run=secrets.token_hex(16), boot=record.boot(), supervisor=os.getpid(),
        profile=options.profile, endpoint=endpoint, ports=chosen,
    )  # fmt: skip
    try:
        children = _marked(parts(options.profile, options.store, folder, chosen, drawn), notes.run)
    except ProgramMissing as error:
        _say(f"error: {error}")
        return 1
    shared = environment(options.profile, chosen, drawn)
    write_private(folder / "environment.json", json.dumps(shared, indent=1))
    supervisor = Supervisor(children, folder, notes, _say)
    supervisor.take_over()
    try:
        supervisor.start()
        if supervisor.stopping:
            return 130
        _say(f"ready: grpc {endpoint}, {Identities.of(Settings()).in_words}")
        return _stay(supervisor, options.then, endpoint)
    except PartFailed as error:
        _say(f"error: {error}")
        return 1
    finally:
        supervisor.stop()


def _stay(supervisor: Supervisor, then: list[str], endpoint: str) -> int:
    """Until told to stop, or until the command has ended: its status."""
    if not then:
        supervisor.watch()
        return 0
    command = subprocess.Popen(then, env=_for_clients(endpoint))
    supervisor.spare(command.pid)
    supervisor.watch(lambda: command.poll() is None)
    if command.poll() is None:
        command.send_signal(signal.SIGINT)
    return command.wait()


def _for_clients(endpoint: str) -> dict[str, str]:
    return {**os.environ, "DIRECTRIX_ENDPOINT": endpoint}


def _marked(children: list[Part], run: str) -> list[Part]:
    return [part.with_environment({record.MARK: run}) for part in children]


def _gateway_port(usual: bool) -> int:
    if usual and ports.is_free(GATEWAY_PORT):
        return GATEWAY_PORT
    return ports.choose(["gateway"], {})["gateway"]


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
