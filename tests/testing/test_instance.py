"""A test process's view of an instance: its processes, and the crashes that count."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from prox.testing.process import ProcessHandle

if TYPE_CHECKING:
    from prox.testing.instance import Instance


def test_needed_processes_come_before_those_that_need_them(instance: Instance) -> None:
    assert list(instance.with_dependencies("api", "later")) == ["db", "api", "later"]
    assert list(instance.processes()) == ["db", "api", "bad", "later"]


def test_an_unknown_name_is_a_key_error_that_names_the_known_ones(instance: Instance) -> None:
    for ask in (instance.state, instance.process):
        with pytest.raises(KeyError, match="no process or job named 'nope'; it has db, api, bad, later"):
            ask("nope")


def test_each_process_has_its_log_file(instance: Instance) -> None:
    ProcessHandle("later", instance).start()
    ProcessHandle("later", instance).wait_log("later begins")
    assert b"later begins" in instance.log_path("later").read_bytes()


def crash(instance: Instance, name: str) -> None:
    """Kill a process from outside, and wait until the instance has counted that."""
    before = instance.state(name)
    os.kill(before["pid"], signal.SIGKILL)
    while instance.state(name)["crashes"] == before["crashes"]:
        pass


def test_a_crash_counts_once_and_only_after_it_was_noted(instance: Instance) -> None:
    later = ProcessHandle("later", instance)
    later.start()
    crash(instance, "later")
    assert instance.take_crashes(instance.processes()) == {}
    instance.watch_crashes("later", again=True)
    assert instance.take_crashes(instance.processes()) == {}
    later.start()
    crash(instance, "later")
    assert instance.take_crashes(instance.processes()) == {"later": "ended by SIGKILL"}
    assert instance.take_crashes(instance.processes()) == {}


def test_a_process_that_the_test_killed_has_not_crashed(instance: Instance) -> None:
    later = ProcessHandle("later", instance)
    later.start()
    instance.watch_crashes("later", again=True)
    later.kill()
    while not instance.state("later")["down"]:
        pass
    assert instance.take_crashes(instance.processes()) == {}
