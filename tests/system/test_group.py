"""Process groups: signals, and waiting until no member is alive."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
import trio

from prox.system.group import kill_group, members_alive, signal_group, terminate_group, wait_any_ended, wait_empty


@pytest.fixture
def group() -> object:
    """A leader with a child in its group, both of which have begun."""
    command = ["sh", "-c", "sleep 1000 & echo $!; wait"]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as leader:
        assert leader.stdout
        child = int(leader.stdout.readline())
        yield leader, child
        signal_group(leader.pid, signal.SIGKILL)


async def test_members_are_listed_and_killed(group: tuple[subprocess.Popen[bytes], int]) -> None:
    leader, child = group
    assert set(await members_alive(leader.pid)) == {leader.pid, child}
    assert await kill_group(leader.pid) == []
    assert await members_alive(leader.pid) == []


async def test_a_zombie_leader_is_not_alive_and_its_child_is(group: tuple[subprocess.Popen[bytes], int]) -> None:
    leader, child = group
    os.kill(leader.pid, signal.SIGKILL)
    with trio.fail_after(30):
        await wait_any_ended([leader.pid])
    assert await members_alive(leader.pid) == [child]


async def test_the_group_is_empty_when_its_last_member_has_ended(group: tuple[subprocess.Popen[bytes], int]) -> None:
    leader, child = group
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_empty, leader.pid)
            await trio.testing.wait_all_tasks_blocked(0.01)
            os.kill(leader.pid, signal.SIGKILL)
            os.kill(child, signal.SIGKILL)


async def test_a_suspended_member_is_woken_to_handle_a_stop_signal(group: tuple[subprocess.Popen[bytes], int]) -> None:
    leader, _ = group
    signal_group(leader.pid, signal.SIGSTOP)
    terminate_group(leader.pid, signal.SIGTERM)
    with trio.fail_after(30):
        await wait_empty(leader.pid)


async def test_the_exit_of_one_process_ends_the_wait(group: tuple[subprocess.Popen[bytes], int]) -> None:
    leader, child = group
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_any_ended, [leader.pid, child])
            os.kill(child, signal.SIGKILL)


def test_a_signal_to_an_empty_group_is_no_error() -> None:
    with subprocess.Popen(["true"], start_new_session=True) as leader:
        pass
    signal_group(leader.pid, signal.SIGTERM)
