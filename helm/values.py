"""`python helm/values.py`: README.md and values.schema.json of the chart, out of values.yaml.

In values.yaml every key has a comment above it: a sentence and, after " @ ", what its schema asks
beyond the type of its default. Schemas are closed: a key that values.yaml does not have is refused.
"""

import json
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "directrix"
VALUES = CHART / "values.yaml"
TYPES = {"str": "string", "bool": "boolean", "int": "integer", "float": "number", "seq": "array"}
DISCOVERY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "method", "generator"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,29}$"},
        "schedule": {"type": "string", "description": "Makes it a CronJob."},
        "method": {"type": "string"},
        "generator": {"type": "string"},
        "predictors": {"type": "array", "items": {"type": "string"}},
        "judges": {"type": "array", "items": {"type": "string"}},
        "parameters": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
        "seed": {"type": "integer", "minimum": 0},
        "samples": {"type": "integer", "minimum": 1},
    },
}


class Undocumented(Exception):
    """A value without a sentence."""


def schema() -> str:
    """The closed JSON Schema. Raises Undocumented."""
    document = _schema(_root(), _lines(), "")
    document["properties"]["global"] = {"type": "object"}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of Directrix"}
    return json.dumps({**head, **document, "$defs": {"discovery": DISCOVERY}}, indent=1) + "\n"


def page() -> str:
    """The chart's README. Raises Undocumented."""
    rows = [f"| `{name}` | {default} | {sentence} |" for name, default, sentence in table()]
    return "\n".join(
        (
            "# Values of the chart",
            "",
            "Made by `python helm/values.py` from [values.yaml](values.yaml); how to install it is",
            "in [docs/kubernetes.md](../../docs/kubernetes.md).",
            "",
            "| value | default | what it is |",
            "|---|---|---|",
            *rows,
            "",
        )
    )


def table() -> list[tuple[str, str, str]]:
    """(name, default, sentence) of every value that is not a mapping of others."""
    rows: list[tuple[str, str, str]] = []
    _rows(_root(), _lines(), "", rows)
    return rows


def _rows(node: Any, lines: list[str], prefix: str, rows: list[tuple[str, str, str]]) -> None:
    for key, value in node.value:
        sentence, _ = _said(lines, key, prefix)
        name = f"{prefix}{key.value}"
        if _is_section(value):
            _rows(value, lines, f"{name}.", rows)
            continue
        default = json.dumps(yaml.safe_load(yaml.serialize(value)))
        rows.append((name, f"`{default}`", sentence.replace("|", "\\|")))


def _schema(node: Any, lines: list[str], prefix: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, value in node.value:
        sentence, beyond = _said(lines, key, prefix)
        name = f"{prefix}{key.value}"
        if _is_section(value):
            entry = _schema(value, lines, f"{name}.")
        elif isinstance(value, yaml.MappingNode):
            entry = {"type": "object", "additionalProperties": False}
        else:
            entry = {"type": TYPES[value.tag.rpartition(":")[2]]}
        properties[key.value] = {"description": sentence, **entry, **beyond}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _is_section(node: Any) -> bool:
    """A mapping written over several lines: its keys are values of the chart."""
    return isinstance(node, yaml.MappingNode) and not node.flow_style


def _said(lines: list[str], key: Any, prefix: str) -> tuple[str, dict[str, Any]]:
    above = lines[key.start_mark.line - 1].strip()
    if not above.startswith("# "):
        raise Undocumented(f"{prefix}{key.value} has no sentence in values.yaml")
    sentence, _, beyond = above.removeprefix("# ").partition(" @ ")
    return sentence, json.loads(beyond) if beyond else {}


def _lines() -> list[str]:
    return VALUES.read_text().splitlines()


def _root() -> Any:
    return yaml.compose(VALUES.read_text())


if __name__ == "__main__":
    (CHART / "values.schema.json").write_text(schema())
    (CHART / "README.md").write_text(page())
