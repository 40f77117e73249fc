"""Holds one child: what it starts dies with it, and all of it dies with the supervisor.

    python leash.py SUPERVISOR_PID GRACE_SECONDS COMMAND...

A program such as Ray leaves processes behind when it is killed, and a killed supervisor cannot stop
anything. So every part runs below a leash, which asks the kernel for two things: a SIGHUP at the
supervisor's death, and that whatever becomes an orphan below it becomes its own child. When the
command ends, or on SIGTERM (GRACE_SECONDS) or SIGHUP (two seconds), nothing below it stays.
Linux only; the standard library only, for it is started with `python -I -S`.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

SET_PARENT_DEATH_SIGNAL = 1
SET_CHILD_SUBREAPER = 36
ORPHANED_GRACE = 2.0
SIGNALS = {signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}


def main() -> int:
    supervisor, grace, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGHUP)
    prctl(SET_CHILD_SUBREAPER, 1)
    if os.getppid() != supervisor:  # it died before we could ask
        return 1
    child = _start(command)
    status = _wait(child, grace)
    end_children(ORPHANED_GRACE)
    return status


def _start(command: list[str]) -> int:
    leash = os.getpid()
    child = os.fork()
    if child:
        return child
    prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != leash:
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)


def _wait(child: int, grace: float) -> int:
    """The exit status of `child`, as a shell gives it; asks it to end when we are asked to."""
    deadline = float("inf")
    while True:
        ended = reap()
        if child in ended:
            return ended[child]
        if time.monotonic() > deadline:
            send(child, signal.SIGKILL)
        got = signal.sigtimedwait(SIGNALS, 0.5)
        if got is not None and got.si_signo != signal.SIGCHLD:
            patience = ORPHANED_GRACE if got.si_signo == signal.SIGHUP else grace
            deadline = min(deadline, time.monotonic() + patience)
            send(child, signal.SIGTERM)


def end_children(grace: float, spare: frozenset[int] = frozenset()) -> None:
    """TERM, then KILL, to every child of this process and to those it inherits meanwhile."""
    deadline = time.monotonic() + grace
    asked: set[int] = set()
    while pids := children() - spare:
        if time.monotonic() > deadline:
            for pid in pids:
                send(pid, signal.SIGKILL)
        for pid in pids - asked:
            send(pid, signal.SIGTERM)
        asked |= pids
        for pid in pids:
            _collect(pid)
        time.sleep(0.02)


def children() -> set[int]:
    """The processes whose parent is this one; the dead among them until they are reaped."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and parent(int(folder.name)) == os.getpid():
            found.add(int(folder.name))
    return found


def parent(pid: int) -> int | None:
    """Its parent; None where there is no such process."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None


def reap() -> dict[int, int]:
    """Collects whatever has ended: status by pid."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        code = os.waitstatus_to_exitcode(status)
        ended[pid] = code if code >= 0 else 128 - code


def prctl(option: int, value: int) -> None:
    """Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def send(pid: int, number: int) -> None:
    """Sends a signal; does nothing where the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _collect(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


if __name__ == "__main__":
    sys.exit(main())
