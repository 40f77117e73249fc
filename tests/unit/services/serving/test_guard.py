"""The guard ends what its program leaves behind; the wrapper keeps HAProxy to loopback."""

import subprocess
import sys
import time
from pathlib import Path

from services.serving.guard import descendants
from services.serving.haproxy import write_wrapper

GUARD = """
import sys
from services.serving.guard import guard
sys.exit(guard([sys.executable, "-c", sys.argv[1]], {"PATH": "/usr/bin:/bin"}))
"""
ORPHAN = """
import subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
"""


def guarded(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", GUARD, program], cwd=Path(__file__).parents[4])


def test_orphans_end_with_the_program_and_its_status_is_kept():
    guard = guarded(ORPHAN + "time.sleep(0.5); sys.exit(7)")
    while len(below := descendants(guard.pid)) < 2:
        time.sleep(0.01)
    assert guard.wait(20) == 7
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []


def test_everything_ends_on_term():
    guard = guarded(ORPHAN + "time.sleep(60)")
    while len(below := descendants(guard.pid)) < 2:
        time.sleep(0.01)
    guard.terminate()
    assert guard.wait(20) == 0
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []


def test_haproxy_gets_a_file_that_names_loopback(tmp_path):
    config = tmp_path / "haproxy.cfg"
    config.write_text("listen a\n    bind :9101\n  bind *:8404\n    bind 127.0.0.1:1 proto h2\n")
    script = write_wrapper(tmp_path)
    result = subprocess.run([script, "-c", "-f", config], capture_output=True, text=True)
    assert "haproxy" in (result.stdout + result.stderr).lower() or result.returncode in (0, 1)
    lines = config.read_text().splitlines()[1:]
    assert [line.split()[1] for line in lines] == [
        "127.0.0.1:9101",
        "127.0.0.1:8404",
        "127.0.0.1:1",
    ]
