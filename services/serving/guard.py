"""Guards one program: whatever it leaves behind ends with it, and it ends with its guard.

Ray starts a dozen processes, some of which outlive a killed parent. The guard asks the kernel to
become the parent of every orphan below it, so that it finds and ends them all. Linux only.
"""

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

SET_PARENT_DEATH_SIGNAL = 1
SET_CHILD_SUBREAPER = 36
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


def guard(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs `command` until it ends by itself or this process gets TERM or INT; its exit status.

    Everything below is killed at the end: replicas hold no state, and whoever stops the only
    replicas of a machine has stopped their callers first.
    """
    _prctl(SET_CHILD_SUBREAPER, 1)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    child = subprocess.Popen(
        command,
        env=dict(environment),
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before),
    )
    try:
        while child.poll() is None:
            if signal.sigwait(SIGNALS) != signal.SIGCHLD:
                return 0
            _reap(child.pid)
        return child.returncode or 0
    finally:
        _kill_below()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent(folder: Path) -> None:
    """When the process that started this one dies, this one ends, all below it, and `folder`."""

    def end(*_: object) -> None:
        _kill_below()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    _prctl(SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGHUP, end)
    _prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGHUP)
    if os.getppid() == 1:  # it died before we could ask
        raise SystemExit(1)


def _kill_below() -> None:
    """KILL until nothing is left: killed parents hand their children up to us."""
    while below := descendants(os.getpid()):
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        _wait_any()


def descendants(root: int) -> set[int]:
    """The processes below `root`, the dead among them until they are reaped."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            parents[int(folder.name)] = _parent(folder)
    found: set[int] = set()
    newer = {root}
    while newer:
        newer = {pid for pid, parent in parents.items() if parent in newer} - found
        found |= newer
    return found


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0  # gone meanwhile


def _reap(but: int) -> None:
    """Collects orphans that have ended; `but` is left to whoever started it."""
    for pid in descendants(os.getpid()) - {but}:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue  # somebody else's child still


def _wait_any() -> None:
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        return


def _prctl(option: int, value: int) -> None:
    """Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
