"""`python -m tests.benchmarks.tables`: docs/benchmarks.md from the figures under build/bench/.

Benchmarks that have left nothing there keep the section that they have.
"""

import json
import re
from collections.abc import Sequence
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
    made = [_table(json.loads(path.read_text())) for path in FOLDER.glob("*.json")]
    tables = _sections(PAGE.read_text()) | _sections("\n".join(made))
    PAGE.write_text("\n".join([HEAD, *(tables[name] for name in sorted(tables))]))
    print(PAGE)


def _sections(page: str) -> dict[str, str]:
    """Name of a benchmark -> its part of the page."""
    parts = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    return {part.split("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


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
    for table in evidence.get("tables", []):
        lines += ["", *_lines(table["columns"])]
        lines += [_line([_cell(value) for value in row]) for row in table["rows"]]
    return "\n".join([*lines, ""])


def _lines(columns: Sequence[str]) -> list[str]:
    return [_line(columns), "|" + "---|" * len(columns)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
