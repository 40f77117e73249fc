"""`python -m services.admin`: API keys, and whole projects: erased, backed up, restored.

Keys are lines of a file; projects are in the store that the settings name (DIRECTRIX_STORE_*).
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from directrix.errors import DirectrixError, InvalidField
from services.access.keys import add_key, load, revoke_key
from services.access.principal import Scope, read_grants
from services.admin.backup import backup, restore
from services.admin.erasure import erase
from services.artifacts import open_store
from services.jobs import open_jobs
from services.jobs.redis_client import connect
from services.settings import settings


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 done, 1 refused or failed."""
    options = _parser().parse_args(arguments)
    try:
        print(options.run(options))
    except (DirectrixError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.admin", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    keys = commands.add_parser("keys", help="API keys: new, list, revoke")
    kinds = keys.add_subparsers(required=True, metavar="COMMAND")
    new = kinds.add_parser("new", help="make a key; it is printed once and stored nowhere")
    new.add_argument("--project", action="append", required=True, help="may be repeated; * is all")
    new.add_argument(
        "--scope", action="append", required=True, choices=[*Scope], help="may be repeated"
    )
    new.add_argument("--days", type=int, default=90, help="until it expires (90); 0 is never")
    new.add_argument("--note", default="", help="whose it is")
    revoke = kinds.add_parser("revoke", help="takes effect at once")
    revoke.add_argument("id")
    for command, run in ((new, _new), (revoke, _revoke), (kinds.add_parser("list"), _list)):
        command.add_argument("--file", type=Path, required=True, help="of keys (JSON)")
        command.set_defaults(run=run)
    saved = commands.add_parser("backup", help="a project into a file")
    saved.add_argument("project")
    saved.add_argument("file", type=Path)
    saved.set_defaults(run=_backup)
    back = commands.add_parser("restore", help="a project from its file")
    back.add_argument("file", type=Path)
    back.set_defaults(run=_restore)
    gone = commands.add_parser("erase", help="everything of a project, for good")
    gone.add_argument("project")
    gone.add_argument("--confirm", metavar="PROJECT", required=True, help="the name once more")
    gone.set_defaults(run=_erase)
    return parser


def _new(options: argparse.Namespace) -> str:
    try:
        grants = read_grants(dict.fromkeys(options.project, options.scope))
    except ValueError as error:
        raise InvalidField(str(error), field="project") from error
    expires = datetime.now(UTC) + timedelta(days=options.days) if options.days else None
    return add_key(options.file, grants, options.note, expires)


def _list(options: argparse.Namespace) -> str:
    lines = ["id            projects and scopes               expires     revoked     note"]
    for record in load(options.file).keys:
        granted = "; ".join(f"{p}: {','.join(sorted(s))}" for p, s in record.projects.items())
        expires, revoked = (
            f"{time:%Y-%m-%d}" if time else "-" for time in (record.expires, record.revoked)
        )
        lines.append(f"{record.id}  {granted:<32}  {expires:<10}  {revoked:<10}  {record.note}")
    return "\n".join(lines)


def _revoke(options: argparse.Namespace) -> str:
    revoke_key(options.file, options.id)
    return f"revoked {options.id}"


def _backup(options: argparse.Namespace) -> str:
    count = backup(open_store(settings()), options.project, options.file)
    return f"{count} objects of project {options.project} are in {options.file}"


def _restore(options: argparse.Namespace) -> str:
    project, count = restore(open_store(settings()), options.file)
    return f"project {project} has its {count} objects again"


def _erase(options: argparse.Namespace) -> str:
    if options.confirm != options.project:
        raise InvalidField(f"--confirm does not name project {options.project}", field="confirm")
    store = open_store(settings())
    count = erase(store, open_jobs(store, connect(settings())), options.project)
    return f"{count} objects of project {options.project} are gone"


if __name__ == "__main__":
    sys.exit(main())
