"""All processes of a configuration, with real children: goals, ends, stops, waiting, listening."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psutil
import pytest
import trio

import prox
from helpers.leftovers import is_alive
from prox.core.errors import NotReady
from prox.core.snapshots import ProcessEvent, ShutdownEvent
from prox.system import process_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from prox.runtime.supervisor import Supervisor
    from prox.system.process_table import ProcessTable


@asynccontextmanager
async def running(folder: Path, text: str, names: list[str] | None = None) -> AsyncIterator[Supervisor]:
    config = prox.parse_config(text, folder=folder)
    with trio.fail_after(30):
        async with prox.open_supervisor(config, names=names) as supervisor:
            yield supervisor


async def wait_line(supervisor: Supervisor, name: str, text: str) -> None:
    async for line in supervisor.follow_logs(name, tail=1000):
        if line.text == text:
            return


# A shell that says when it is ready, and does as it is told on TERM.
# A child of a shell that is signalled between fork and exec may take the signal for the shell, and lose it, so it is
# killed by name.
OBEDIENT = "trap 'echo bye; kill -9 $! 2>&-; exit 0' TERM; sleep 1000 & echo ready; wait"
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"


async def test_a_process_runs_and_nothing_is_left(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "{OBEDIENT}"}}') as supervisor:
        await wait_line(supervisor, "api", "ready")
        process = supervisor.process("api")
        assert (process.status, process.health, process.ready, process.restarts) == ("running", "unknown", True, 0)
        assert psutil.pid_exists(process.pid)
        assert process.started_at
        assert (process.exit_code, process.signal, process.reason) == (None, None, None)
    assert not psutil.pid_exists(process.pid)
    after = supervisor.process("api")
    assert (after.status, after.pid, after.uptime_seconds, after.exit_code) == ("stopped", 0, 0, 0)


async def test_last_words_during_a_stop_are_there(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "{OBEDIENT}"}}') as supervisor:
        await wait_line(supervisor, "api", "ready")
        lines = supervisor.follow_logs("api", tail=10)
        await supervisor.stop("api").wait_done()
        assert [(await anext(lines)).text for _ in range(2)] == ["ready", "bye"]


@pytest.mark.parametrize(
    ("command", "status", "code", "signame"),
    [("exit 0", "stopped", 0, None), ("exit 3", "crashed", 3, None), ("kill -SEGV $$", "crashed", None, "SIGSEGV")],
)
async def test_how_it_ended(tmp_path: Path, command: str, status: str, code: int | None, signame: str | None) -> None:
    async with running(tmp_path, f'processes: {{api: "{command}", other: "{OBEDIENT}"}}') as supervisor:
        await supervisor.wait_status("api", status)
        process = supervisor.process("api")
        assert (process.exit_code, process.signal, process.pid, process.ready) == (code, signame, 0, False)
        assert (process.reason is not None) == (status == "crashed")
        assert supervisor.process("other").status == "running"


async def test_an_exit_is_seen_whatever_a_grandchild_holds_open(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "sh -c \\"{STUBBORN}\\" & sleep 0.1; exit 3"}}') as supervisor:
        with trio.fail_after(60):
            await supervisor.wait_status("api", "crashed")
        assert supervisor.process("api").exit_code == 3
        supervisor.kill()


async def test_what_is_left_of_a_group_is_ended_before_the_next_start(tmp_path: Path) -> None:
    text = f"""
shutdown_timeout: 200ms
processes:
  api: |
    if test -e crashed; then echo again; exec sleep 1000; fi
    sh -c "{STUBBORN}" & echo $! > inner; touch crashed; exit 3
"""
    async with running(tmp_path, text) as supervisor:
        await supervisor.wait_status("api", "crashed")
        inner = int((tmp_path / "inner").read_text())
        await supervisor.start("api").wait_done()
        assert not is_alive(inner)
        assert supervisor.process("api").restarts == 1


async def test_all_stop_at_once(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(8)]
    text = "shutdown_timeout: 400ms\nprocesses:\n" + "".join(f'  {name}: "{STUBBORN}"\n' for name in names)
    async with running(tmp_path, text) as supervisor:
        for name in names:
            await wait_line(supervisor, name, "ready")
        before = trio.current_time()
        supervisor.shutdown()
        assert all(process.status == "stopping" for process in supervisor.processes())
        await supervisor.wait_stopped()
        # The slowest, not the sum.
        assert 0.3 < trio.current_time() - before < 3
    assert [process.signal for process in supervisor.processes()] == ["SIGKILL"] * 8
    assert all(process.status == "stopped" for process in supervisor.processes())


async def test_stopping_many_takes_a_handful_of_looks_at_the_process_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 50
    text = "processes:\n" + "".join(f"  p{number}: exec sleep 1000\n" for number in range(count))
    looks: list[int] = []
    read = process_table.read_process_table

    def counted() -> ProcessTable:
        looks.append(1)
        return read()

    async with running(tmp_path, text) as supervisor:
        await supervisor.wait_ready()
        monkeypatch.setattr(process_table, "read_process_table", counted)
        supervisor.shutdown()
        await supervisor.wait_stopped()
    # At least one for the groups, one for what has left them, and one for the last look.
    assert 3 <= len(looks) <= count / 2


async def test_stop_restart_and_start(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "{OBEDIENT}"}}') as supervisor:
        await wait_line(supervisor, "api", "ready")
        first = supervisor.process("api").pid
        await supervisor.restart("api").wait_done()
        second = supervisor.process("api")
        assert second.pid not in (0, first)
        assert second.restarts == 1
        with pytest.raises(prox.AlreadyRunning, match="api is already running"):
            supervisor.start("api")
        await supervisor.stop("api").wait_done()
        assert supervisor.process("api").status == "stopped"
        with pytest.raises(prox.NotRunning, match="api is not running, it is stopped"):
            supervisor.stop("api")
        await supervisor.start("api").wait_done()
        assert supervisor.process("api").restarts == 2
        await supervisor.stop("api").wait_done()
        await supervisor.restart("api").wait_done()
        assert supervisor.process("api").status == "running"


async def test_a_start_during_a_stop_waits_for_its_end(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: {{cmd: "{STUBBORN}", stop: {{timeout: 300ms}}}}}}') as supervisor:
        await wait_line(supervisor, "api", "ready")
        first = supervisor.process("api").pid
        supervisor.stop("api")
        goal = supervisor.start("api")
        assert supervisor.process("api").status == "stopping"
        assert psutil.pid_exists(first)
        await goal.wait_done()
        assert not psutil.pid_exists(first)
        assert supervisor.process("api").status == "running"


async def test_a_goal_is_reached_without_a_waiter(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "{OBEDIENT}"}}') as supervisor:
        await wait_line(supervisor, "api", "ready")
        with trio.CancelScope() as scope:
            scope.cancel()
            await supervisor.restart("api").wait_done()
        await supervisor.wait_status("api", "running")
        assert supervisor.process("api").restarts == 1


@pytest.mark.parametrize(
    ("cmd", "code", "words"),
    [("[no-such-program]", 127, "not found"), ("[/etc/passwd]", 126, "Permission denied")],
)
async def test_a_command_that_cannot_be_run(tmp_path: Path, cmd: str, code: int, words: str) -> None:
    async with running(tmp_path, f"processes: {{api: {cmd}}}") as supervisor:
        await supervisor.wait_status("api", "crashed")
        process = supervisor.process("api")
        assert process.exit_code == code
        assert words in (process.reason or "")
        with pytest.raises(prox.StartFailed, match=words):
            await supervisor.start("api").wait_done()
        assert supervisor.process("api").restarts == 0


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    async with running(tmp_path, "processes: {api: {cmd: 'true', cwd: nowhere}}") as supervisor:
        await supervisor.wait_status("api", "crashed")
        assert "nowhere does not exist" in (supervisor.process("api").reason or "")


async def test_an_env_file_that_breaks_later_is_said_without_its_contents(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    async with running(tmp_path, f'env_file: .env\nprocesses: {{api: "{OBEDIENT}"}}') as supervisor:
        await wait_line(supervisor, "api", "ready")
        (tmp_path / ".env").write_text("PASSWORD='never closed hunter2\n")
        with pytest.raises(prox.StartFailed, match=r"\.env") as caught:
            await supervisor.restart("api").wait_done()
        assert "hunter2" not in str(caught.value)


async def test_a_taken_port_names_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = f'processes: {{api: {{cmd: sleep 1000, port: {port}}}, other: "{OBEDIENT}"}}'
        async with running(tmp_path, text) as supervisor:
            await supervisor.wait_status("api", "crashed")
            reason = supervisor.process("api").reason or ""
            assert f"port {port} is taken by" in reason
            assert f"pid {os.getpid()}" in reason
            assert "set processes.api.port: auto" in reason
            await supervisor.wait_ready("other")


async def test_automatic_ports_are_known_to_all(tmp_path: Path) -> None:
    text = """
processes:
  my-api: {cmd: 'echo $PORT $PROX_PROCESS $PROX_INSTANCE; exec sleep 1000', port: auto}
  web: 'echo $PROX_PORT_MY_API ${PORT-none} $PROX_PROCESS; exec sleep 1000'
"""
    async with running(tmp_path, text) as supervisor:
        port = supervisor.process("my-api").port
        assert port
        await wait_line(supervisor, "my-api", f"{port} my-api {supervisor.instance}")
        await wait_line(supervisor, "web", f"{port} none web")


async def test_health_is_reported_and_forgotten_at_the_end(tmp_path: Path) -> None:
    text = f"""
processes:
  api:
    cmd: "{OBEDIENT}"
    healthcheck: {{cmd: test -e healthy, interval: 20ms, start_interval: 20ms, start_period: 0s, retries: 2}}
"""
    async with running(tmp_path, text) as supervisor:
        events = supervisor.subscribe_events()
        seen: list[tuple[str, str, bool]] = []

        async def wait_health(health: str) -> None:
            while health not in [entry[1] for entry in seen[-1:]]:
                for event in await events.receive():
                    assert isinstance(event, ProcessEvent)
                    seen.append((event.process.status, event.process.health, event.process.ready))

        await wait_health("unhealthy")
        check = supervisor.details("api").healthcheck
        assert check is not None
        assert check.consecutive_failures >= 2
        (tmp_path / "healthy").touch()
        await wait_health("healthy")
        await supervisor.wait_ready("api")
        assert supervisor.details("api").healthcheck.consecutive_failures == 0
        await supervisor.stop("api").wait_done()
        assert supervisor.process("api").health == "unknown"
        await wait_health("unknown")
        (tmp_path / "healthy").unlink()
        await supervisor.start("api").wait_done()
        # Checks go on after a restart.
        await wait_health("unhealthy")


async def test_waiting_for_what_cannot_become_ready(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "exit 3", other: "{OBEDIENT}"}}') as supervisor:
        # Until its end is seen, what runs and has no health check is ready.
        await supervisor.wait_status("api", "crashed")
        with pytest.raises(prox.NotReady, match="api is not ready: exited with code 3"):
            await supervisor.wait_ready()
        with pytest.raises(prox.UnknownProcess):
            await supervisor.wait_ready("nobody")
        await supervisor.wait_ready("other")


async def test_nothing_starts_while_everything_stops(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "{OBEDIENT}", other: "exit 0"}}') as supervisor:
        await supervisor.wait_status("other", "stopped")
        events = supervisor.subscribe_events()
        supervisor.shutdown()
        supervisor.shutdown()
        for ask in (supervisor.start, supervisor.stop, supervisor.restart):
            with pytest.raises(prox.ShuttingDown):
                ask("other")
        assert isinstance((await events.receive())[0], ShutdownEvent)
        await supervisor.wait_stopped()
    with pytest.raises(trio.EndOfChannel):
        while True:
            await events.receive()


async def test_signals(tmp_path: Path) -> None:
    listening = "trap 'echo usr1' USR1; sleep 1000 & echo ready; while :; do wait $!; done"
    text = f'processes: {{api: "{listening}", off: {{cmd: x, autostart: false}}}}'
    async with running(tmp_path, text) as supervisor:
        await wait_line(supervisor, "api", "ready")
        supervisor.signal("api", signal.SIGUSR1)
        await wait_line(supervisor, "api", "usr1")
        for number in (0, -1, 1000):
            with pytest.raises(ValueError, match="invalid signal number"):
                supervisor.signal("api", number)
        with pytest.raises(prox.UnknownProcess):
            supervisor.signal("nobody", signal.SIGUSR1)
        with pytest.raises(prox.NotRunning, match="off is not running, it is stopped"):
            supervisor.signal("off", signal.SIGUSR1)
        supervisor.signal("api", signal.SIGKILL)
        await supervisor.wait_status("api", "crashed")
        assert supervisor.process("api").signal == "SIGKILL"
        supervisor.shutdown()
        with pytest.raises(prox.ShuttingDown):
            supervisor.signal("api", signal.SIGUSR1)


async def test_kill_gives_no_grace(tmp_path: Path) -> None:
    async with running(tmp_path, f'shutdown_timeout: 1h\nprocesses: {{api: "{STUBBORN}"}}') as supervisor:
        await wait_line(supervisor, "api", "ready")
        supervisor.shutdown()
        supervisor.kill()
    assert supervisor.process("api").signal == "SIGKILL"


async def test_only_what_is_named_starts(tmp_path: Path) -> None:
    text = f'processes: {{api: "{OBEDIENT}", other: "{OBEDIENT}", late: {{cmd: "{OBEDIENT}", autostart: false}}}}'
    async with running(tmp_path, text, names=["api"]) as supervisor:
        await supervisor.wait_ready("api")
        assert [process.status for process in supervisor.processes()] == ["running", "stopped", "stopped"]
        await supervisor.start("late").wait_done()
    with pytest.raises(prox.UnknownProcess):
        async with running(tmp_path, text, names=["nobody"]):
            raise AssertionError("never entered")


async def test_the_callers_error_comes_out_as_it_is(tmp_path: Path) -> None:
    pid = 0
    with pytest.raises(ZeroDivisionError):
        async with running(tmp_path, f'processes: {{api: "{OBEDIENT}"}}') as supervisor:
            await wait_line(supervisor, "api", "ready")
            pid = supervisor.process("api").pid
            raise ZeroDivisionError
    assert pid
    assert not psutil.pid_exists(pid)


async def test_a_cancel_is_a_graceful_stop(tmp_path: Path) -> None:
    with trio.CancelScope() as scope:
        async with running(tmp_path, f'processes: {{api: "{OBEDIENT}; touch x"}}') as supervisor:
            await wait_line(supervisor, "api", "ready")
            lines = supervisor.follow_logs("api", tail=5)
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert (await anext(lines)).text == "ready"
    assert (await anext(lines)).text == "bye"
    with pytest.raises(StopAsyncIteration):
        await anext(lines)
    assert supervisor.process("api").status == "stopped"
    assert supervisor.status == "stopping"


async def test_stop_signal_and_stop_command(tmp_path: Path) -> None:
    text = """
processes:
  quits: {cmd: "trap 'echo int; kill -9 $! 2>&-; exit 0' INT; sleep 1000 & echo ready; wait", stop: {signal: SIGINT}}
  asked: {cmd: "echo ready; while ! test -e quit; do sleep 0.05; done; echo quit", stop: {cmd: touch quit}}
  broken: {cmd: "trap 'echo term; kill -9 $! 2>&-; exit 0' TERM; sleep 1000 & echo ready; wait", stop: {cmd: exit 9}}
"""
    async with running(tmp_path, text) as supervisor:
        for name in supervisor.names:
            await wait_line(supervisor, name, "ready")
        follow = {name: supervisor.follow_logs(name) for name in supervisor.names}
        supervisor.shutdown()
    assert [(await anext(lines)).text for lines in follow.values()] == ["int", "quit", "term"]
    assert [process.status for process in supervisor.processes()] == ["stopped"] * 3


async def test_details_show_what_was_configured_and_no_secret(tmp_path: Path) -> None:
    text = f'env: {{COLOR: blue, DB_PASSWORD: hunter2}}\nprocesses: {{api: {{cmd: "{OBEDIENT}", env: {{N: 0123}}}}}}'
    async with running(tmp_path, text) as supervisor:
        details = supervisor.details("api")
    assert details.env == {"COLOR": "blue", "DB_PASSWORD": "[REDACTED]", "N": "0123"}
    assert details.cmd == OBEDIENT
    assert details.healthcheck is None


async def test_usage_is_measured(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "{OBEDIENT}", other: "exit 0"}}') as supervisor:
        await supervisor.wait_status("other", "stopped")
        await wait_line(supervisor, "api", "ready")
        usage = await supervisor.usage()
        assert set(usage) == {"api"}
        assert usage["api"].memory_bytes


async def test_a_stopped_process_is_still_ended(tmp_path: Path) -> None:
    async with running(tmp_path, f'processes: {{api: "{OBEDIENT}"}}') as supervisor:
        await wait_line(supervisor, "api", "ready")
        os.kill(supervisor.process("api").pid, signal.SIGSTOP)
    assert supervisor.process("api").exit_code == 0


async def test_output_of_many_bursts_arrives_whole(tmp_path: Path) -> None:
    text = "processes:\n" + "".join(f"  p{n}: seq 1 20000\n" for n in range(3))
    async with running(tmp_path, text) as supervisor:
        lines = supervisor.follow_logs(tail=0)
        seen: dict[str, list[str]] = {name: [] for name in supervisor.names}
        await supervisor.wait_all_down()
        supervisor.hub.close()
        async for line in lines:
            if line.process in seen:
                seen[line.process].append(line.text)
        assert lines.dropped == 0
        assert all(texts == [str(n) for n in range(1, 20001)] for texts in seen.values())


async def test_last_words_come_before_the_word_of_the_end(tmp_path: Path) -> None:
    async with running(tmp_path, "processes: {api: 'echo one; echo two >&2; exit 3'}") as supervisor:
        lines = supervisor.follow_logs("api", "system", tail=10)
        seen = [(await anext(lines)).text for _ in range(3)]
    assert sorted(seen[:2]) == ["one", "two"]
    assert seen[2] == "api crashed: exited with code 3"


async def test_the_word_of_an_end_does_not_wait_for_who_holds_the_pipe(tmp_path: Path) -> None:
    text = f'processes: {{api: "sh -c \\"{STUBBORN}\\" & sleep 0.1; exit 3"}}'
    async with running(tmp_path, text) as supervisor:
        await wait_line(supervisor, "system", "api crashed: exited with code 3")
        supervisor.kill()


async def test_what_was_not_started_is_not_waited_for(tmp_path: Path) -> None:
    text = f'processes: {{api: "{OBEDIENT}", late: {{cmd: "{OBEDIENT}", autostart: false}}}}'
    async with running(tmp_path, text) as supervisor:
        await supervisor.wait_ready()
        assert supervisor.process("api").ready


async def test_a_name_that_is_given_twice(tmp_path: Path) -> None:
    config = prox.parse_config("processes: {a: exec sleep 1000}", folder=tmp_path)
    async with prox.open_supervisor(config, names=["a", "a"]) as supervisor:
        await supervisor.wait_status("a", "running")


async def test_a_status_that_never_comes(tmp_path: Path) -> None:
    config = prox.parse_config("processes: {a: exec sleep 1000}", folder=tmp_path)
    async with prox.open_supervisor(config) as supervisor:
        await supervisor.wait_status("a", "running")
    with trio.fail_after(60), pytest.raises(NotReady, match="a will not be running, it is stopped"):
        await supervisor.wait_status("a", "running")
