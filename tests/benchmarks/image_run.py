"""An image started as a container engine would: its user, no rights, a root that cannot be written.

The network is the machine's, for the neighbours are on its loopback. /tmp is a file system of its
own; the process is the first of a PID namespace and gets TERM at the end.
"""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.image_builds import FOLDER, Image

_SCRIPT = """
set -e
mount --make-rprivate /
mount --bind {root} {root}
mount -t proc proc {root}/proc
mount --rbind /dev {root}/dev
mount -t tmpfs -o mode=1777 tmpfs {root}/tmp
mount -o remount,ro,bind {root}
exec chroot {root} setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all env -i --chdir={folder} {variables} {command}
"""
GRACE = 30.0


@contextmanager
def started(
    image: Image, settings: Mapping[str, str], command: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the image's command, or another one, until the end of the block."""
    with (FOLDER / f"{image.name}-run.log").open("wb") as log:
        process = subprocess.Popen(
            _inside(image, settings, command or image.command), stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        for child in _children(process.pid):
            os.kill(child, signal.SIGTERM)
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def healthy(image: Image, settings: Mapping[str, str], running: subprocess.Popen[bytes]) -> bool:
    """Its own health check, run inside its namespaces as an engine would."""
    (first,) = _children(running.pid)[:1] or [None]
    if first is None:
        return False
    entered = ["nsenter", "--target", str(first), "--mount", "--pid", "--root", "--wd"]
    uid, _, gid = image.user.partition(":")
    entered += ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "env", "-i"]
    entered += [f"--chdir={image.folder}", *_variables(image, settings), *image.health]
    return subprocess.run(entered, capture_output=True, check=False).returncode == 0


def wait(true: Callable[[], bool], running: subprocess.Popen[bytes], seconds: float) -> float:
    """Seconds until `true`. Raises TimeoutError, also where the container has ended."""
    began = time.monotonic()
    while not true():
        if running.poll() is not None or time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:g} s, exit status {running.returncode}")
        time.sleep(0.2)
    return time.monotonic() - began


def _inside(image: Image, settings: Mapping[str, str], command: Sequence[str]) -> list[str]:
    uid, _, gid = image.user.partition(":")
    script = _SCRIPT.format(
        root=image.root,
        uid=uid,
        gid=gid,
        folder=image.folder,
        variables=shlex.join(_variables(image, settings)),
        command=shlex.join(command),
    )
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]


def _variables(image: Image, settings: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in {**image.environment, **settings}.items()]


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
