"""``cmd``: in the process's environment and folder, and with nothing left behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import trio

from helpers.probes import first_report
from prox.core.config.model import HealthCheck
from prox.core.health import CheckResult
from prox.core.text import MAX_OUTPUT
from prox.runtime.probe import Target
from prox.runtime.probe.command import CommandProbe
from prox.system.process_table import read_process_table

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(name="api", instance="i1", pid=1, port=None, env=os.environ | {"PORT": "8123"}, cwd=str(tmp_path))


async def test_it_runs_in_the_environment_and_folder_of_the_process(target: Target) -> None:
    with trio.fail_after(60):
        result = await CommandProbe('echo "$PORT in $PWD"').check(target)
    assert result == CheckResult(True, f"8123 in {target.cwd}")


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("echo out; echo err >&2; exit 7", "exit code 7: out\nerr"),
        ("exit 7", "exit code 7"),
        ("echo last; kill -KILL $$", "ended by SIGKILL: last"),
        (("no-such-program", "$PORT"), "command 'no-such-program' not found; install it, or add its directory to PATH"),
        (("false",), "exit code 1"),
    ],
)
async def test_a_failure_says_how(target: Target, command: str | tuple[str, ...], output: str) -> None:
    with trio.fail_after(60):
        assert await CommandProbe(command).check(target) == CheckResult(False, output)


async def test_the_end_of_much_output_is_kept(target: Target) -> None:
    with trio.fail_after(60):
        result = await CommandProbe("seq 100000").check(target)
    assert result.output.endswith("99999\n100000")
    assert len(result.output) <= MAX_OUTPUT


async def test_a_timeout_ends_the_whole_group_also_where_a_grandchild_holds_the_pipe(
    target: Target, tmp_path: Path
) -> None:
    command = "trap '' TERM; sh -c \"trap '' TERM; while :; do sleep 1000; done\" & echo $$ > group; wait"
    check = HealthCheck(cmd=command, timeout=1)
    assert (await first_report(CommandProbe(command), check, target)).last_output == "timed out after 1s"
    assert not read_process_table().in_group(int((tmp_path / "group").read_text()))


async def test_a_cancelled_check_leaves_nothing(target: Target, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ready")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(CommandProbe("sleep 1000 & echo $$ > ready; wait").check, target)
        with trio.fail_after(60):
            group = int(await trio.to_thread.run_sync((tmp_path / "ready").read_text))
        assert read_process_table().in_group(group)
        nursery.cancel_scope.cancel()
    assert not read_process_table().in_group(group)
