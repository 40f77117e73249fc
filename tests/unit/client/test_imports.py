import subprocess
import sys

import pytest

BLOCKED = "import sys; sys.modules['torch'] = None; import {module}; print('ok')"


@pytest.mark.parametrize(
    "module", ["directrix.client", "directrix.cli", "directrix.cli.app", "directrix.demo"]
)
def test_imports_with_torch_blocked(module):
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(module=module)], capture_output=True, text=True
    )
    assert done.stdout == "ok\n", done.stderr


def test_the_client_imports_without_what_is_heavy():
    code = "import sys, directrix.client; print(sorted({'pydantic','PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
