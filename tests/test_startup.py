"""`prox up` before its event loop."""

from __future__ import annotations

import subprocess
import sys


def test_the_first_processes_do_not_wait_for_trio() -> None:
    code = "import sys, prox.cli.up, prox.startup; print([name for name in ('trio', 'ssl') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
