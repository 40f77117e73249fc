"""A stack of real stores and of a part that leaves stubborn processes behind; run by the tests.

python small_stack.py FOLDER
"""

import os
import sys
from pathlib import Path

from services.stack import ports, record, survivors
from services.stack.keys import Secrets
from services.stack.part import Part
from services.stack.stores import SEAWEEDFS_PORTS, broker, seaweedfs
from services.stack.supervisor import PartFailed, Supervisor

BROOD = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("brood.pid", "w").write(str(os.getpid()))
    time.sleep(600)
time.sleep(600)
"""


def main() -> int:
    folder = Path(sys.argv[1])
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    before = record.read(folder / "state.json")
    if before is not None:
        survivors.end(before)
    (folder / "brood.pid").unlink(missing_ok=True)
    chosen = ports.choose(["broker", *SEAWEEDFS_PORTS], before.ports if before else {})
    drawn = Secrets()
    notes = record.Record(
        os.urandom(8).hex(), record.boot(), os.getpid(), "small", "", ports=chosen
    )
    brood = Part(
        name="brood",
        command=(sys.executable, "-c", BROOD),
        folder=str(folder),
        ready=(folder / "brood.pid").exists,
        needs=("broker",),
        grace=1.0,
    )
    parts = [broker(folder, chosen["broker"], drawn), seaweedfs(folder, chosen, drawn), brood]
    mark = {record.MARK: notes.run}
    supervisor = Supervisor([p.with_environment(mark) for p in parts], folder, notes, print)
    supervisor.take_over()
    try:
        supervisor.start()
        supervisor.watch()
    except PartFailed as error:
        print(error)
        return 1
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
