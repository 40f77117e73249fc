"""`python -m tests.benchmarks.tables`: docs/benchmarks.md from the figures under build/bench/."""

import json
from pathlib import Path

from tests.benchmarks.evidence import FOLDER

PAGE = Path("docs/benchmarks.md")
HEAD = """# Benchmarks

Made by `python -m tests.benchmarks.tables` from what `make bench` leaves under `build/bench/`:
`NAME.json` holds the figures, `NAME.rows.jsonl` the samples behind them. `make bench B=NAME` runs
one. Throughput is given as a ratio to the bare model in the same run, since images per second
belong to a machine; so do milliseconds and megabytes, which are here for a feeling only.
"""


def main() -> None:
    tables = [_table(json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json"))]
    PAGE.write_text("\n".join([HEAD, *tables]))
    print(PAGE)


def _table(evidence: dict) -> str:
    name = evidence["benchmark"]
    cores = evidence["settings"]["machine"]["cores"]
    lines = [f"## {name}", "", f"On {cores} cores.", ""]
    lines += ["| figure | value | unit | target | holds | n |", "|---|---|---|---|---|---|"]
    for figure in evidence["figures"]:
        holds = {None: "", True: "yes", False: "**no**"}[figure["holds"]]
        target = figure["target"] or ""
        value = f"{figure['value']:.4g}"
        lines.append(
            f"| `{figure['name']}` | {value} | {figure['unit']} | {target} | {holds} | "
            f"{figure['n']} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
