"""The command that makes an audit again, from its specification."""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

_PROJECT = re.compile(r"projects/([^/]+)/")


def command(specification: Mapping[str, Any]) -> str:
    """One line for a shell; every number is said, for defaults may change.

    specification: of an audit, with names and digests. The same audit has the same name again.
    """
    given = specification
    project = _PROJECT.match(given["generator"]["name"])
    words = ["directrix"]
    if project and project[1] != "default":
        words += ["--project", project[1]]
    words += ["audit", "run", _id(given["classifier"]), "-g", _id(given["generator"])]
    for each in given["finding_sets"]:
        words += ["-f", _id(each)]
    for option in ("reference", "rival"):
        if given.get(option):
            words += [f"--{option}", _id(given[option])]
    words += _repeated("--allow", (_score(ref) for ref in given["allowed_scores"]))
    sets = [_id(each) for each in given["finding_sets"]]
    places = (f"{sets[ref['finding_set']]}:{ref['index']}" for ref in given["allowed_findings"])
    words += _repeated("--allow", places)
    words += _repeated("--group", (_score(ref) for ref in given["groups"]))
    words += ["--seed", str(given["seed"]), *_pictures(given)]
    words += ["--steps", ",".join(map(_number, given["steps"]))]
    for option in ("random_findings", "explained", "noise_sd", "pairs"):
        words += [f"--{option.removesuffix('_sd').replace('_', '-')}", _number(given[option])]
    if given.get("target_probability"):
        words += ["--probability", _number(given["target_probability"])]
    if given.get("budget"):
        words += ["--explanation-budget", str(given["budget"])]
    return shlex.join(words)


def _pictures(given: Mapping[str, Any]) -> list[str]:
    pictures = given.get("pictures")
    if not pictures:
        return ["--samples", str(given["samples"])]
    words = ["--pictures", pictures["images"], "--space", pictures["space"]]
    if pictures["steps"]:
        words += ["--inversion-steps", str(pictures["steps"])]
    if pictures.get("encoder"):
        words += ["--encoder", _id(pictures["encoder"])]
        words += [] if pictures["steps"] else ["--encoder-only"]
    if pictures.get("embedder"):
        words += ["--embedder", _id(pictures["embedder"])]
    return words


def _number(value: float) -> str:
    """In full, and whole ones without a point."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def _repeated(option: str, values: Iterator[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _score(reference: Mapping[str, Any]) -> str:
    scorer = reference["scorer"]
    return _id(reference["predictor"]) + (f"/{scorer}" if scorer else "")


def _id(reference: Mapping[str, Any]) -> str:
    return str(reference["name"]).rpartition("/")[2]
