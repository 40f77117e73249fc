"""A rendered pod's container as a process of this machine: its command, variables, user and mounts.

The root file system is read-only, /tmp is a file system of its own, and the process is the first of
a PID namespace, as in a container. Names of the cluster cannot be resolved here: the gateway's
address is given, and the credentials of its callers are left out, for the stack is in open mode.
"""

import os
import shlex
import signal
import stat
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

LEFT_OUT = {"DIRECTRIX_TOKEN_FILE", "DIRECTRIX_CA"}
USER = 10001
_SCRIPT = """
set -e
mount --make-rprivate /
mount --bind {root} /mnt
{python}
{binds}
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p {root}
mount --bind /mnt {root}
mount -t proc proc /proc
mount -o remount,ro,bind {root}
mount -o remount,ro,bind /
exec setpriv --reuid {user} --regid {user} --clear-groups --no-new-privs --bounding-set=-all \
  --inh-caps=-all env -i {variables} {command}
"""


_ETC = """mount -t tmpfs tmpfs /srv
mkdir /srv/upper /srv/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/srv/upper,workdir=/srv/work /etc
"""
"""Directories may be made in it, which the machine does not see."""


@dataclass
class Pod:
    """One start of a Job's container. uid: what Kubernetes would give to the Job."""

    spec: Mapping[str, Any]
    endpoint: str
    uid: uuid.UUID
    files: Mapping[str, Path] = field(default_factory=dict)
    """Volume -> folder with what is in it."""

    def start(self) -> subprocess.Popen[str]:
        (container,) = self.spec["containers"]
        variables = self.variables(container)
        command = [
            _expanded(word, variables)
            for word in [*container["command"], *container.get("args", ())]
        ]
        mounts = {
            mount["mountPath"]: self.files[mount["name"]]
            for mount in container["volumeMounts"]
            if mount["name"] in self.files
        }
        script = _SCRIPT.format(
            root=ROOT,
            python=_opened(Path(sys.base_prefix)),
            binds=_ETC + "\n".join(map(_bind, mounts.keys(), mounts.values())) if mounts else "",
            user=USER,
            variables=shlex.join(f"{name}={value}" for name, value in variables.items()),
            command=shlex.join(command),
        )
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def variables(self, container: Mapping[str, Any]) -> dict[str, str]:
        """As Kubernetes would set them, and what an image sets."""
        path = f"{ROOT}/.venv/bin:/usr/bin:/bin"
        found = {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": "/tmp"}
        for variable in container["env"]:
            name = variable["name"]
            if name not in LEFT_OUT:
                found[name] = variable.get("value") or self._referred(variable["valueFrom"])
        return found | {"DIRECTRIX_ENDPOINT": self.endpoint}

    def _referred(self, source: Mapping[str, Any]) -> str:
        path = source["fieldRef"]["fieldPath"]
        assert path == "metadata.labels['batch.kubernetes.io/controller-uid']"
        return str(self.uid)


def terminate(pod: subprocess.Popen[str], number: int = signal.SIGTERM) -> None:
    """Sends a signal to the container's own first process, as a kubelet does."""
    children = Path(f"/proc/{pod.pid}/task/{pod.pid}/children").read_text().split()
    os.kill(int(children[0]), number)


def _bind(path: str, folder: Path) -> str:
    """The folder's files at the path, a directory of _ETC."""
    return f"mkdir -p {path}\nmount --bind {folder} {path}"


def _opened(folder: Path) -> str:
    """Makes a folder reachable for everyone that lies in one which is its owner's alone."""
    shut = [each for each in reversed(folder.parents) if not each.stat().st_mode & stat.S_IXOTH]
    if not shut:
        return ""
    return (
        f"mount --bind {folder} /media\nmount -t tmpfs -o mode=755 tmpfs {shut[0]}\n"
        f"mkdir -p {folder}\nmount --bind /media {folder}"
    )


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        word = word.replace(f"$({name})", value)
    return word


def container_of(objects: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """The pod spec of the Job or CronJob whose name ends so."""
    (job,) = (
        each["spec"].get("jobTemplate", each)["spec"]
        for each in objects
        if each["kind"] in ("Job", "CronJob") and each["metadata"]["name"].endswith(name)
    )
    return job["template"]["spec"]
