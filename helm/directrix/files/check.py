"""What `helm test` runs: the gateway answers, and renders a picture where there is a generator."""

import json
import subprocess
import sys


def directrix(*arguments: str) -> bytes:
    """Raises CalledProcessError; the command has said why."""
    return subprocess.run(["directrix", *arguments], check=True, stdout=subprocess.PIPE).stdout


def main() -> int:
    models = json.loads(directrix("models", "list", "--json"))
    generators = [model["name"] for model in models if model["kind"] == "generator"]
    print(f"{len(models)} models, {len(generators)} of them generators")
    for generator in generators[:1]:
        picture = directrix("edit", generator, "--out", "-")
        print(f"a picture of {generator}: {len(picture)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
