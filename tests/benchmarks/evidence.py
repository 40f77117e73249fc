"""What a benchmark leaves behind: figures with their targets, and the rows they are means of."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path("build/bench")


@dataclass
class Evidence:
    """Collects the figures of one benchmark and writes them under build/bench/."""

    benchmark: str
    figures: list[dict] = field(default_factory=list)
    rows: list[dict] = field(default_factory=list)
    tables: list[dict] = field(default_factory=list)
    settings: dict = field(default_factory=dict)

    def figure(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        n: int = 1,
    ) -> None:
        """One measured figure; without a target `holds` is null."""
        low, high = at_least is None or value >= at_least, at_most is None or value <= at_most
        bounds = [
            *([] if at_least is None else [f">= {at_least:g}"]),
            *([] if at_most is None else [f"<= {at_most:g}"]),
        ]
        holds, target = (bool(low and high), " and ".join(bounds)) if bounds else (None, None)
        entry = {
            "name": name,
            "value": float(value),
            "unit": unit,
            "target": target,
            "holds": holds,
        }
        self.figures.append(entry | {"n": n})
        mark = {None: " ", True: "+", False: "-"}[holds]
        print(f"  {mark} {name} = {value:.4g} {unit} {target or ''} (n={n})", flush=True)

    def row(self, **values: object) -> None:
        """One sample that a figure is aggregated from."""
        self.rows.append(values)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Figures side by side, below the others; cells are words or numbers, None where there is
        no such thing."""
        self.tables.append({"columns": list(columns), "rows": [list(row) for row in rows]})

    def write(self) -> Path:
        FOLDER.mkdir(parents=True, exist_ok=True)
        machine = {"cores": os.cpu_count(), "python": platform.python_version()}
        body = {
            "benchmark": self.benchmark,
            "figures": self.figures,
            "tables": self.tables,
            "settings": self.settings | {"machine": machine},
        }
        path = FOLDER / f"{self.benchmark}.json"
        path.write_text(json.dumps(body, indent=2) + "\n")
        if self.rows:
            lines = "".join(json.dumps(row) + "\n" for row in self.rows)
            (FOLDER / f"{self.benchmark}.rows.jsonl").write_text(lines)
        return path
