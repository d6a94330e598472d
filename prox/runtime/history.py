"""The history of a process: its state changes in order."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from prox.core.lifecycle import LifecycleEvent, Phase
from prox.core.logs.batch import timestamp
from prox.core.snapshots import HistoryEntry

if TYPE_CHECKING:
    from prox.core.lifecycle import Life

MAX_ENTRIES = 100


class History:
    """The newest entries and the crash count of one process."""

    def __init__(self) -> None:
        self._entries: deque[HistoryEntry] = deque(maxlen=MAX_ENTRIES)
        self.crashes = 0
        """Failed exits, and stops because of a failed health check or a timeout."""

    @property
    def entries(self) -> tuple[HistoryEntry, ...]:
        return tuple(self._entries)

    def add(self, event: str) -> None:
        self._entries.append(HistoryEntry(timestamp(time.time()), event))

    def record(self, event: LifecycleEvent, life: Life, pid: int) -> None:
        """Add an entry for a lifecycle event. ``life``: the state after the event."""
        match event:
            case LifecycleEvent.SPAWNED:
                self.add(f"started (pid {pid})")
            case LifecycleEvent.EXITED if life.phase is Phase.SWEEPING:
                self.crashes += life.crashed
                self.add(str(life.last_exit))
            case LifecycleEvent.EXITED:
                self.add(f"stopped ({life.last_exit})")
            case LifecycleEvent.FAILED:
                self.crashes += 1
                self.add(f"failed: {life.reason}")
            case LifecycleEvent.SPAWN_FAILED | LifecycleEvent.DOOMED:
                self.add(f"not started: {life.reason}")
            case LifecycleEvent.RESTART:
                self.add("restart requested")
            case LifecycleEvent.STOP:
                self.add("stop requested")
