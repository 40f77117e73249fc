"""What the nightly CronJob runs: every method on every registered generator.

Usage: nightly.py [--samples N] METHOD...

The best set of each generator, by scorecard, is told as a line of JSON on standard output and in
the container's termination message. Every discovery has a request id of its own, made of the Job's:
a pod that takes over from another one starts nothing twice.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

MESSAGE = Path("/dev/termination-log")
MOST_MESSAGE = 4096
"""Bytes of a termination message that Kubernetes keeps."""
AGAIN = 3
"""Exit code of the command where nobody answers: the Job's next pod goes on."""
TERMINATED = 143
"""Of a pod that is ended from outside: likewise."""


def directrix(*arguments: str) -> subprocess.CompletedProcess:
    """Its messages go where ours go."""
    return subprocess.run(["directrix", *arguments], check=False, stdout=subprocess.PIPE, text=True)


def answer(*arguments: str) -> object:
    """JSON of a command that has to succeed; else this process ends as the command did."""
    done = directrix(*arguments, "--json")
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def merit(card: dict) -> float:
    """Sum over targets of the cleanest finding's effect less its side effect, in SD.

    Findings below the floor of random directions have no target and count for nothing.
    """
    best: dict[str, float] = {}
    for score in card["findings"]:
        if score["target"] != "none":
            clean = max(score["effect_sd"] - score["side_effect_sd"], 0.0)
            best[score["target"]] = max(best.get(score["target"], 0.0), clean)
    return sum(best.values())


def discover(method: str, generator: str, predictors: list[str], samples: int) -> str | None:
    """The finding set's name; None where this method cannot be used here, or has failed."""
    base = uuid.UUID(os.environ["DIRECTRIX_REQUEST_ID"])
    arguments = ["discover", "run", method, "--generator", generator, "--wait"]
    arguments += ["--request-id", str(uuid.uuid5(base, f"{generator} {method}"))]
    for predictor in predictors:
        arguments += ["--predictor", predictor]
    if samples:
        arguments += ["--samples", str(samples)]
    done = directrix(*arguments)
    if done.returncode in (AGAIN, TERMINATED) or done.returncode < 0:
        sys.exit(AGAIN)
    return done.stdout.strip() if done.returncode == 0 else None


def fitting(generator: dict, models: list[dict]) -> list[str]:
    """Predictors that take pictures as this generator makes them."""
    shape = generator["card"]["image"]
    keys = ("channels", "height", "width")
    return [
        model["name"]
        for model in models
        if model["kind"] == "predictor"
        and all(model["card"]["image"][key] == shape[key] for key in keys)
    ]


def _end(*_: object) -> None:
    """The first process of a container is not ended by TERM unless it says so."""
    sys.exit(TERMINATED)


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, _end)
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("methods", nargs="+")
    asked = parser.parse_args(arguments)
    models = answer("models", "list")
    assert isinstance(models, list)
    kept = []
    for generator in (model for model in models if model["kind"] == "generator"):
        predictors = fitting(generator, models)
        found = []
        for method in asked.methods:
            name = discover(method, generator["name"], predictors, asked.samples)
            if name and predictors:
                card = answer("findings", "scorecard", name)
                found.append({"finding_set": name, "method": method, "merit": merit(card)})
        if found:
            best = max(found, key=lambda each: each["merit"])
            kept.append({"generator": generator["name"], **best, "of": len(found)})
            print(json.dumps(kept[-1]), flush=True)
    if os.access(MESSAGE, os.W_OK):
        MESSAGE.write_text(json.dumps(kept)[:MOST_MESSAGE])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
