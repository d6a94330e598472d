"""``POST /reload``: a changed prox.yaml is checked and applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

import prox
from helpers.project import request
from prox.client.target import parse_address

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Serve
    from helpers.project import Answer
    from prox.runtime.supervisor import Supervisor

BEFORE = """
api: {port: 0}
processes:
  kept: exec sleep 1000
  changed: {cmd: exec sleep 1000}
  removed: exec sleep 1000
"""
AFTER = """
api: {port: 0}
logs: {keep: 1}
processes:
  kept: exec sleep 1000
  changed: {cmd: exec sleep 1000, env: {A: 1}}
  added: exec sleep 1000
"""


async def reload(supervisor: Supervisor) -> Answer:
    assert supervisor.api_url
    host, port = parse_address(supervisor.api_url)
    return await trio.to_thread.run_sync(request, host, port, "POST", "/api/v1/reload")


async def test_the_difference_is_applied_and_named(tmp_path: Path) -> None:
    file = tmp_path / "prox.yaml"
    file.write_text(BEFORE)
    with trio.fail_after(30):
        async with prox.open_supervisor(prox.load_config(file), api=True) as supervisor:
            await supervisor.wait_ready()
            pids = {name: supervisor.process(name).pid for name in supervisor.names}
            file.write_text(AFTER)
            assert (await reload(supervisor)).json() == {
                "success": True, "added": ["added"], "removed": ["removed"], "changed": ["changed"],
                "unchanged": ["kept"], "ignored": ["logs"],
            }  # fmt: skip
            await supervisor.wait_ready()
            assert set(supervisor.names) == {"kept", "changed", "added"}
            assert supervisor.process("kept").pid == pids["kept"]
            assert supervisor.process("changed").pid != pids["changed"]


async def test_a_file_with_errors_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "prox.yaml"
    file.write_text(BEFORE)
    with trio.fail_after(30):
        async with prox.open_supervisor(prox.load_config(file), api=True) as supervisor:
            file.write_text("processes: {kept: {cmdd: x}}")
            answer = await reload(supervisor)
            assert (answer.status, answer.json()["code"]) == (409, "CONFIG_ERROR")
            assert "processes.kept.cmdd" in answer.json()["error"]
            assert set(supervisor.names) == {"kept", "changed", "removed"}


async def test_a_configuration_that_was_no_file_cannot_be_reloaded(serve: Serve) -> None:
    async with serve() as api:
        assert (await api.error("POST", "/reload"))[:2] == (409, "CONFIG_ERROR")
