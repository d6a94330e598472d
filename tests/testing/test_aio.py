"""The handles for tests under Trio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

import prox.testing
from helpers.suites import STACK

if TYPE_CHECKING:
    from pathlib import Path


async def test_everything_that_waits(tmp_path: Path) -> None:
    (tmp_path / "prox.yaml").write_text(STACK)
    (tmp_path / "prox.yaml").chmod(0o644)
    with prox.testing.up(config=tmp_path / "prox.yaml") as stack:
        await stack.aio.up("db")
        api = await stack.aio["api"]
        assert (api.name, api.status, api.host) == ("api", "running", "localhost")
        assert api.url == f"http://localhost:{api.port}"
        assert (await stack.aio.environment())["PROX_PORT_API"] == api.env["PORT"]
        assert await api.wait_log("begins") == "api begins"
        assert await api.logs(tail=1) == ["api begins"]
        assert api.log_path.read_text().endswith("api begins\n")
        first = api.pid
        await api.restart()
        assert api.pid != first
        await stack["api"].aio.stop()
        assert (api.status, api.pid) == ("stopped", 0)
        await api.start(timeout=30)
        await api.pause()
        await api.resume()
        await api.kill()
        with trio.fail_after(30):
            while api.status == "running":
                await trio.lowlevel.checkpoint()
        await stack.aio.up_all()
        assert api.status == "running"
