from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys, httpx, prox, trio

async def main():
    config = prox.parse_config("api: {port: 0}\\nprocesses: {a: exec sleep 1000}", folder=sys.argv[1])
    async with prox.open_supervisor(config, api=True) as supervisor:
        await supervisor.wait_ready()
        assert "quart" not in sys.modules
        assert (await trio.to_thread.run_sync(httpx.get, supervisor.api_url + "/api/v1/status")).status_code == 200
        assert "quart" in sys.modules

trio.run(main)
"""


def test_what_serves_the_api_is_imported_when_somebody_asks(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
