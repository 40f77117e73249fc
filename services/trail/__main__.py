"""`python -m services.trail verify | export FOLDER`: the audit trail, by the service's settings.

Exit codes: 0 whole, 1 not whole, 2 settings or files that cannot be, 3 the store is away.
"""

import argparse
import json
import sys
from pathlib import Path

from directrix.errors import DirectrixError, StoreUnavailable
from directrix.trail import verify
from services.artifacts import open_store
from services.settings import settings
from services.trail.reading import chains, export
from services.trail.signing import checker


def main() -> int:
    options = _options()
    config = settings()
    try:
        store = open_store(config)
        if options.command == "export":
            print(export(store, options.project, options.folder), "objects")
            return 0
        signed = checker(options.key.read_bytes()) if options.key else None
        verdict = verify(chains(store, options.project), signed)
    except StoreUnavailable as error:
        print(error.message, file=sys.stderr)
        return 3
    except (DirectrixError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps({"records": verdict.records, "unsealed": verdict.unsealed,
                      "problems": [vars(each) for each in verdict.problems]}))  # fmt: skip
    return 1 if verdict.problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.trail", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("verify", help="read all chains and say what is wrong")
    checking.add_argument("--key", type=Path, help="public key in PEM: heads must be signed by it")
    copying = commands.add_parser("export", help="copy them for `directrix audit verify`")
    copying.add_argument("folder", type=Path)
    for each in (checking, copying):
        each.add_argument("--project", default=settings().project)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
