"""The commands of docs/access.md, in the order in which they stand there, over a real gateway."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from services.access.certificates import read_clients
from services.access.principal import read_grants
from services.access.rates import LimitFile
from services.gateway.scopes import SCOPES
from services.settings import Settings
from tests.integration.servers import free_ports

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "access.md").read_text()
START = "python -m services.gateway &"
WAIT = """python -m services.gateway 2> gateway.log & GATEWAY=$!
trap 'kill $GATEWAY' EXIT
until grep -q '"started"' gateway.log; do kill -0 $GATEWAY; sleep 0.1; done
"""
REFUSED = """
set +e
directrix --endpoint localhost:{port} --token-file shop.key models list
echo "exit $?"
set -e
"""


def script(port: int, admin: int) -> str:
    """All commands; what Python the page has runs where it stands."""
    lines = []
    for kind, block in re.findall(r"```(bash|python)\n(.*?)```", PAGE, re.DOTALL):
        if kind == "python":
            block = f"python - <<'END'\n{block}END\n"
        block = block.replace(START, WAIT)
        lines.append(block.replace("50051", str(port)).replace("50052", str(admin)))
        if "keys revoke" in block:
            lines.append(REFUSED.format(port=port))
    return "".join(lines)


def test_the_page_works(tmp_path: Path) -> None:
    port, admin, nothing = free_ports(3)
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "MODELS": str(ROOT / "directrix" / "zoo" / "models"),
        "DIRECTRIX_GATEWAY_PORT": str(port),
        "DIRECTRIX_GATEWAY_ADMIN_PORT": str(admin),
        "DIRECTRIX_INFERENCE_TARGET": f"127.0.0.1:{nothing}",
        "DIRECTRIX_REDIS_URL": f"redis://127.0.0.1:{nothing}/0",
        "DIRECTRIX_STORE_KIND": "folder",
        "DIRECTRIX_STORE_FOLDER": str(tmp_path / "store"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script(port, admin)],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the shop" in done.stdout
    assert "projects/shoes/models/fashion-generator" in done.stdout
    assert "['fashion-generator']" in done.stdout
    assert "exit 5" in done.stdout
    counts = re.findall(r"(\d+) objects", done.stdout)
    assert len(counts) == 3
    assert len(set(counts)) == 1
    started = (tmp_path / "gateway.log").read_text()
    assert '"access": "API keys"' in started
    for name in ("shop.key", "operator.key"):
        secret = (tmp_path / name).read_text().split("_", 2)[2].strip()
        assert secret not in started + done.stdout + done.stderr


def test_the_files_that_the_page_shows_can_be_read() -> None:
    token, clients, limits = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert read_grants(json.loads(token)[Settings().token_claim])["shoes"]
    assert read_clients(clients.encode()).clients["operator"]["*"]
    assert LimitFile.model_validate_json(limits).of("shoes").images_per_minute == 600


def test_the_page_names_settings_and_scopes_as_they_are() -> None:
    fields = {f"DIRECTRIX_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"DIRECTRIX_[A-Z_]+(?<!_)", PAGE)) - {"DIRECTRIX_CA", "DIRECTRIX_STORE"}
    assert named <= fields, named - fields
    rows = set(re.findall(r"^\| `([a-z]+)` \| ", PAGE, re.MULTILINE))
    assert rows == {scope.value for scopes in SCOPES.values() for scope in scopes}
