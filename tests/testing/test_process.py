"""The handle of one process."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from prox.testing.failures import SharedProcess, StartFailure
from prox.testing.process import ProcessHandle

if TYPE_CHECKING:
    from pathlib import Path

    from prox.testing.instance import Instance


@pytest.fixture
def later(instance: Instance) -> ProcessHandle:
    """A running process that no other needs."""
    handle = ProcessHandle("later", instance)
    handle.start()
    return handle


def test_its_address_is_that_of_its_port(instance: Instance) -> None:
    api = ProcessHandle("api", instance)
    assert api.url == f"http://localhost:{api.port}"
    assert api.host == "localhost"
    assert api.port != 8000
    assert ProcessHandle("db", instance).url is None
    assert ProcessHandle("db", instance).host is None


def test_restart_gives_it_another_pid_and_stop_none(later: ProcessHandle) -> None:
    before = later.pid
    later.restart()
    assert later.pid not in (before, 0)
    later.stop()
    later.stop()
    assert (later.pid, later.status) == (0, "stopped")
    assert not psutil.pid_exists(before)


def test_start_of_a_failing_process_names_the_reason_and_its_last_lines(instance: Instance) -> None:
    with pytest.raises(StartFailure) as failure:
        ProcessHandle("bad", instance).start()
    lines = str(failure.value).splitlines()
    assert lines[0] == "bad is not ready: exited with code 3"
    assert "    the cause" in lines
    assert "db healthy" in lines[1]


def test_lines_can_be_limited_by_number_and_time(later: ProcessHandle) -> None:
    later.wait_log("later begins")
    assert later.logs(tail=1) == ["later begins"]
    assert later.logs(tail=0) == []
    assert later.logs(since=time.time() + 3600) == []


def test_a_line_is_looked_for_in_the_present_run_only(later: ProcessHandle) -> None:
    assert later.wait_log("^later b.gins$") == "later begins"
    with pytest.raises(TimeoutError, match=r"'nothing' within 0.1 s"):
        later.wait_log("nothing", timeout=0.1)
    later.stop()
    assert later.wait_log("begins") == "later begins"
    with pytest.raises(TimeoutError, match="has ended"):
        later.wait_log("nothing")


def test_a_paused_process_is_suspended_until_it_is_resumed(later: ProcessHandle) -> None:
    process = psutil.Process(later.pid)
    later.pause()
    while process.status() != psutil.STATUS_STOPPED:
        pass
    later.resume()
    while process.status() == psutil.STATUS_STOPPED:
        pass


def test_a_signal_of_choice_can_be_sent(later: ProcessHandle) -> None:
    later.kill(signal.SIGTERM)
    while later.status != "crashed":
        pass
    assert later._now()["signal"] == "SIGTERM"


def test_a_reset_that_fails_says_how(instance: Instance, project_folder: Path) -> None:
    db = ProcessHandle("db", instance)
    db.reset()
    (project_folder / "broken").touch()
    try:
        with pytest.raises(StartFailure, match="code 1"):
            db.reset()
    finally:
        (project_folder / "broken").unlink()


def test_nothing_may_be_done_to_a_shared_process(later: ProcessHandle, instance: Instance) -> None:
    instance.shared = "others use it"
    for change in (later.stop, later.restart, later.kill, later.pause, later.reset):
        with pytest.raises(SharedProcess, match=f"a test may not {change.__name__} later: others use it"):
            change()
    assert instance.changed == {}
