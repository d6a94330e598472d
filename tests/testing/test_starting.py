"""Each process is started once for all callers; a failed one is not tried again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from prox.testing.failures import StartFailure
from prox.testing.process import ProcessHandle
from prox.testing.starting import Starter

if TYPE_CHECKING:
    from prox.testing.instance import Instance


def test_callers_at_the_same_time_start_it_once(instance: Instance) -> None:
    later = ProcessHandle("later", instance)
    later.stop()
    starts = instance.process("later")["history"]
    starter = Starter(instance)
    callers = [threading.Thread(target=starter.bring_up, args=("later", 30.0, "test")) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    new = instance.process("later")["history"][len(starts) :]
    assert [entry["event"].split()[0] for entry in new] == ["started"]


def test_a_failure_is_reported_again_without_another_attempt(instance: Instance) -> None:
    starter = Starter(instance)
    with pytest.raises(StartFailure, match="bad is not ready: exited with code 3"):
        starter.bring_up("bad", 30.0, "test_first")
    crashes = instance.state("bad")["crashes"]
    with pytest.raises(StartFailure, match="bad is not ready: it failed before, in test_first: bad is not ready"):
        starter.bring_up("bad", 30.0, "test_second")
    assert instance.state("bad")["crashes"] == crashes
