"""A process whose automatic port is in use by the time it wants it gets another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

import prox
from prox.core.errors import NotReady

if TYPE_CHECKING:
    from pathlib import Path

FAILS = "echo $PORT >> ports; test $(wc -l < ports) -gt {times} || {{ echo '{message}' >&2; exit 1; }}; {then}"


def text(message: str, *, times: int = 2, port: str = "auto", then: str = "echo up; exec sleep 1000") -> str:
    command = FAILS.format(times=times, message=message, then=then)
    return f'processes: {{web: {{cmd: "{command}", port: {port}, healthcheck: {{log: up}}}}}}'


@pytest.mark.parametrize(
    "message",
    [
        "OSError: [Errno 98] Address already in use",
        "Error: listen EADDRINUSE: address already in use :::20123",
        "bind: Address in use",
        "Port 8000 is in use by another program.",
    ],
)
async def test_it_is_started_on_another_port(message: str, tmp_path: Path) -> None:
    with trio.fail_after(30):
        async with prox.open_supervisor(prox.parse_config(text(message), folder=tmp_path)) as supervisor:
            await supervisor.wait_ready("web")
            web = supervisor.process("web")
    ports = (tmp_path / "ports").read_text().split()
    assert len(set(ports)) == 3
    assert web.port == int(ports[-1])
    assert web.crashes == 2


async def test_three_times_at_most(tmp_path: Path) -> None:
    with trio.fail_after(30):
        async with prox.open_supervisor(prox.parse_config(text("EADDRINUSE", times=9), folder=tmp_path)) as supervisor:
            with pytest.raises(NotReady, match="exited with code 1"):
                await supervisor.wait_ready("web")
            assert len((tmp_path / "ports").read_text().split()) == 4
            # A person who starts it again begins anew.
            supervisor.start("web")
            await supervisor.wait_status("web", "running")
            await supervisor.wait_status("web", "crashed")
            with pytest.raises(NotReady):
                await supervisor.wait_ready("web")
    assert len((tmp_path / "ports").read_text().split()) == 8


@pytest.mark.parametrize(
    "config",
    [
        text("something else is wrong"),
        text("EADDRINUSE", port="28765"),
        text("EADDRINUSE", times=0, then="echo up; sleep 0.2; echo EADDRINUSE; exit 1"),
    ],
    ids=["another failure", "a fixed port", "after it was ready"],
)
async def test_what_is_no_reason_for_another_port(config: str, tmp_path: Path) -> None:
    with trio.fail_after(30):
        async with prox.open_supervisor(prox.parse_config(config, folder=tmp_path)) as supervisor:
            await supervisor.wait_status("web", "crashed")
            await supervisor.wait_all_down()
    assert len((tmp_path / "ports").read_text().split()) == 1
