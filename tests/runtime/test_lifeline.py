"""The pipe by which prox learns that its owner is gone."""

from __future__ import annotations

import os
import socket
from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio

from helpers.playbook import play, simulated
from prox.core.logs.query import LogFilter
from prox.runtime.lifeline import BadLifeline, take_lifeline, watch_lifeline

if TYPE_CHECKING:
    from pathlib import Path

    from prox.runtime.supervisor import Supervisor


def test_a_pipe_or_socket_is_accepted_and_not_inherited() -> None:
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    take_lifeline(reading)
    assert not os.get_inheritable(reading)
    os.close(reading)
    os.close(writing)
    one, other = socket.socketpair()
    with one, other:
        take_lifeline(one.fileno())


def test_anything_else_is_refused_by_its_number(tmp_path: Path) -> None:
    with (
        open(tmp_path / "file", "wb") as file,
        pytest.raises(BadLifeline, match=f"--lifeline {file.fileno()}: must be a pipe"),
    ):
        take_lifeline(file.fileno())
    with pytest.raises(BadLifeline, match="--lifeline 9999: not an open file descriptor"):
        take_lifeline(9999)


async def test_its_end_stops_everything() -> None:
    async with simulated("processes: {web: web}") as (supervisor, fake):
        reading, writing = os.pipe()
        supervisor.begin()
        await play(supervisor, fake, "web running")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch_lifeline, reading, supervisor)
            os.close(writing)
            with trio.fail_after(30):
                await supervisor.wait_stopped()
        os.close(reading)
        assert "lifeline closed, stopping" in system_lines(supervisor)
        assert supervisor.process("web").status == "stopped"


async def test_a_byte_before_its_end_releases_the_instance() -> None:
    async with simulated("processes: {web: web}") as (supervisor, _):
        reading, writing = os.pipe()
        os.write(writing, b"d")
        os.close(writing)
        with trio.fail_after(30):
            await watch_lifeline(reading, supervisor)
        os.close(reading)
        assert supervisor.status != "stopping"
        assert system_lines(supervisor) == ["released from the lifeline"]


def system_lines(supervisor: Supervisor) -> list[str]:
    return [line.text for line in supervisor.hub.select(LogFilter(processes=frozenset({"system"}))).lines]


async def test_a_grace_bounds_the_stop() -> None:
    async with simulated("processes: {web: web}") as (supervisor, fake):
        reading, writing = os.pipe()
        await play(supervisor, fake, "start web\nweb running\nweb ignores signals")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(watch_lifeline, reading, supervisor, grace=0.01))
            os.close(writing)
            with trio.fail_after(30):
                await supervisor.wait_stopped()
        os.close(reading)
        assert fake.child("web").signals[-1] == 9
