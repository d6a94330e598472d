"""The history of a process, and its count of crashes."""

from __future__ import annotations

from prox.core.lifecycle import Exit, Life, LifecycleEvent, Phase
from prox.runtime.history import MAX_ENTRIES, History

AFTER_CRASH = Life(phase=Phase.SWEEPING, last_exit=Exit(signal="SIGSEGV"), crashed=True)


def events(history: History) -> list[str]:
    return [entry.event for entry in history.entries]


def test_each_event_is_a_sentence() -> None:
    history = History()
    history.record(LifecycleEvent.SPAWNED, Life(phase=Phase.UP), 41)
    history.record(LifecycleEvent.STOP, Life(phase=Phase.ENDING), 41)
    history.record(LifecycleEvent.EXITED, Life(phase=Phase.DOWN, last_exit=Exit(code=0)), 41)
    history.record(LifecycleEvent.RESTART, Life(phase=Phase.PENDING), 0)
    history.record(LifecycleEvent.SPAWN_FAILED, Life(reason="not found"), 0)
    history.record(LifecycleEvent.FAILED, Life(phase=Phase.ENDING, reason="unhealthy"), 41)
    assert events(history) == [
        "started (pid 41)", "stop requested", "stopped (exited with code 0)", "restart requested",
        "not started: not found", "failed: unhealthy",
    ]  # fmt: skip


def test_failed_exits_and_failed_checks_are_crashes_and_orderly_exits_are_not() -> None:
    history = History()
    history.record(LifecycleEvent.EXITED, AFTER_CRASH, 41)
    history.record(LifecycleEvent.FAILED, Life(reason="unhealthy"), 41)
    history.record(LifecycleEvent.EXITED, Life(phase=Phase.SWEEPING, last_exit=Exit(code=0)), 41)
    history.record(LifecycleEvent.EXITED, Life(phase=Phase.DOWN, last_exit=Exit(code=1), crashed=True), 41)
    assert history.crashes == 2
    assert events(history)[0] == "ended by SIGSEGV"


def test_only_the_newest_entries_are_kept() -> None:
    history = History()
    for number in range(MAX_ENTRIES + 5):
        history.add(str(number))
    assert len(history.entries) == MAX_ENTRIES
    assert events(history)[0] == "5"
