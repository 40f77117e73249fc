"""`python -m tests.benchmarks [NAME]`: runs every benchmark of this folder, or one."""

import importlib
import sys
from pathlib import Path

from tests.benchmarks.evidence import Evidence

NAMES = sorted(p.stem.removeprefix("bench_") for p in Path(__file__).parent.glob("bench_*.py"))


def main(arguments: list[str]) -> int:
    wanted = [name for name in arguments if name] or NAMES
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    missed = 0
    for name in wanted:
        print(f"{name}:", flush=True)
        evidence = Evidence(name)
        importlib.import_module(f"tests.benchmarks.bench_{name}").run(evidence)
        print(f"  -> {evidence.write()}")
        missed += sum(figure["holds"] is False for figure in evidence.figures)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
