"""build/demo/summary.json: what happened, for programs."""

import json
from collections.abc import Sequence
from pathlib import Path

from directrix.client import recipe_json
from directrix.demo.discoveries import Discovered
from directrix.demo.films import Edit
from directrix.demo.switches import Switch


def summary(
    seconds: float,
    discovered: Sequence[Discovered],
    edits: Sequence[Edit],
    switches: Sequence[Switch],
    pictures: Sequence[Path],
    comparisons: Sequence[Path],
) -> dict[str, object]:
    return {
        "seconds": round(seconds, 1),
        "methods": [_method(each) for each in discovered],
        "edits": [_edit(each) for each in edits],
        "counterfactuals": [_counterfactual(each) for each in switches],
        "pictures": [str(path) for path in pictures],
        "comparisons": [str(path) for path in comparisons],
    }


def _method(each: Discovered) -> dict[str, object]:
    best = each.best(1)
    return {
        "generator": each.subject.generator.id,
        "name": each.method,
        "seconds": round(each.seconds, 1),
        "directions": each.count,
        "top_effect_sd": round(best[0].effect_sd, 4) if best else 0.0,
        "top_target": best[0].target if best else "none",
        "random_floor_sd": round(each.scorecard.random_floor_sd, 4),
        "finding_set": each.finding_set,
        "digest": each.digest,
        "reused": each.reused,
    }


def _edit(each: Edit) -> dict[str, object]:
    return {
        "generator": each.discovered.subject.generator.id,
        "target": each.score.target,
        "alpha": each.alpha,
        "digest": each.after.digest,
        "same_bytes_again": each.repeats,
        "recipe": json.loads(recipe_json(each.recipe)),
    }


def _counterfactual(each: Switch) -> dict[str, object]:
    answer = each.answer
    found: dict[str, object] = {
        "generator": each.discovered.subject.generator.id,
        "from": each.source,
        "to": each.target,
        "status": str(answer.status),
        "directions_moved": len(answer.moved),
        "index": each.index,
        "distance_sd": round(answer.distance_sd, 4),
        "probability": round(answer.probability_after, 4),
        "digest": answer.image.digest,
    }
    if answer.oracle_agrees is not None:
        found["oracle_agrees"] = answer.oracle_agrees
    if answer.cause:
        found["cause"] = answer.cause
    return found
