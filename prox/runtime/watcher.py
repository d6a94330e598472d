"""Watch files, and report each burst of changes once per process.

Events only say which paths to check: a file has changed if its state (inode, size, times) differs from the last one
seen. So no change is missed while the watch is set up again, and none is reported twice.

Each folder has its own kernel watch; ignored folders, such as ``node_modules``, have none. When a folder appears or
disappears, or a .gitignore file changes, all folders are scanned again and the watch is set up again. For a path that
does not exist, its nearest existing parent is watched.

Limits: targets of symbolic links are not watched, nor folders behind a link unless ``paths`` names them. Names must be
UTF-8. A write through a memory map has no event. File systems without events (some network and container mounts) are
not detected. Once the watcher polls, it does so until it is restarted.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import trio

from prox.core.watching import IGNORE_FILE, GitIgnore, Selection
from prox.runtime.file_events import NoEvents, arm
from prox.runtime.watched_tree import Tree, look, state_at
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from watchfiles._rust_notify import RustNotify

    from prox.core.config.model import Watch

STEP = 50
"""Interval between checks for events, and the quiet time before they are delivered, in milliseconds."""
WAIT = 5000
"""Milliseconds that one call in a thread waits for events."""
POLL_INTERVAL = 1.0
"""Minimum seconds between two scans of all files if there are no events."""
POLL_PAUSE = 4
"""The pause after a scan, as a multiple of its duration."""
MANY_EVENTS = 1000
"""From this number of events at a time, all files are scanned: the kernel's queue may have overflowed."""
LONGEST_BURST = 10, 2.0
"""The maximum length of a burst: a multiple of ``debounce`` and a number of seconds, whichever is longer."""


@dataclass(slots=True)
class _Burst:
    """Unreported changes for one process."""

    name: str
    selection: Selection
    debounce: float
    paths: set[str] = field(default_factory=set)
    last: float = 0.0
    """The time of the last change."""
    begun: trio.Event = field(default_factory=trio.Event)

    def add(self, path: str) -> None:
        self.paths.add(path)
        self.begun.set()


async def watch_files(
    folder: Path,
    watches: Mapping[str, Watch],
    changed: Callable[[str, Sequence[str]], None],
    report: Callable[[str], None],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Call ``changed`` with a process's name and the changed paths, sorted, relative to ``folder``; until cancelled.

    A burst is reported ``debounce`` seconds after its last change. If the system provides no events, ``report`` gets a
    message and files are polled. ``task_status.started()`` is called once no further change is missed.
    """
    watcher = _Watcher(await in_thread(os.path.realpath, folder), watches, changed, report)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watcher.stop_when_cancelled)
        for burst in watcher.bursts:
            nursery.start_soon(watcher.deliver, burst)
        await watcher.run(task_status)


class _Watcher:
    """The state of one ``watch_files``."""

    def __init__(
        self,
        folder: str,
        watches: Mapping[str, Watch],
        changed: Callable[[str, Sequence[str]], None],
        report: Callable[[str], None],
    ) -> None:
        self._folder, self._changed, self._report = folder, changed, report
        self.bursts = [_Burst(name, Selection(watch, folder), watch.debounce) for name, watch in watches.items()]
        self._selections = tuple(burst.selection for burst in self.bursts)
        self._tree = Tree(set(), {}, GitIgnore({}), {}, {})
        self._notify: RustNotify | None = None
        """None if files are polled."""
        self._complete = False
        """Whether all folders are watched."""
        self._interval = 0.0
        """Seconds between two scans of all files; 0 with events."""
        self._stopped = threading.Event()
        self._limiter = trio.CapacityLimiter(1)
        self._busy = trio.Lock()
        """Held while events are processed, so that no incomplete burst is reported."""

    async def stop_when_cancelled(self) -> None:
        """End the thread's wait for events when the task is cancelled."""
        try:
            await trio.sleep_forever()
        finally:
            self._stopped.set()

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        try:
            self._tree = await self._arm()
            task_status.started()
            while True:
                events = await self._next_events()
                async with self._busy:
                    await self._process(events)
        finally:
            self._close()

    async def deliver(self, burst: _Burst) -> None:
        """Report each burst of a process at its end or at its maximum length."""
        times, seconds = LONGEST_BURST
        while True:
            await burst.begun.wait()
            latest = trio.current_time() + max(times * burst.debounce, seconds)
            while True:
                # With polling, only the next scan shows whether the burst is over.
                quiet = burst.debounce + self._interval
                await trio.sleep_until(min(burst.last + quiet, latest))
                async with self._busy:
                    if trio.current_time() >= min(burst.last + quiet, latest):
                        paths = sorted(burst.paths)
                        burst.paths, burst.begun = set(), trio.Event()
                        self._changed(burst.name, paths)
                        break

    async def _next_events(self) -> set[str] | None:
        """Wait for events and return their paths; None if any file may have changed."""
        if self._notify is None or not self._complete:
            await trio.sleep(self._interval or POLL_INTERVAL)
            return None
        try:
            wait = partial(self._notify.watch, STEP, STEP, WAIT, self._stopped)
            events = await trio.to_thread.run_sync(wait, limiter=self._limiter)
        except RuntimeError:
            # No thread (system.threads), or an event that cannot be read, for example of a name that is not UTF-8.
            await trio.sleep(POLL_INTERVAL)
            return None
        await trio.lowlevel.checkpoint()
        return set() if isinstance(events, str) else {path for _, path in events}

    async def _process(self, events: set[str] | None) -> None:
        """Add the changed files to the bursts."""
        before = self._tree
        paths = None if events is None else await in_thread(self._changed_files, events)
        if paths is None:
            self._tree = await self._arm()
            paths = await in_thread(_differences, before, self._tree)
        # In a thread: each path takes some microseconds, and there may be many.
        by_burst = await in_thread(self._by_burst, paths, before.gitignore)
        now = trio.current_time()
        for burst, changes in zip(self.bursts, by_burst, strict=True):
            for path in changes:
                burst.add(path)
            if changes:
                burst.last = now

    def _by_burst(self, paths: set[str], before: GitIgnore) -> list[list[str]]:
        """Return the relevant paths for each burst. A file that is merely no longer ignored has not changed."""
        after = self._tree.gitignore
        return [
            [
                os.path.relpath(path, self._folder)
                for path in paths
                if each.counts(path, before) and (after is before or each.counts(path, after))
            ]
            for each in self._selections
        ]

    def _changed_files(self, events: set[str]) -> set[str] | None:
        """Return the paths whose files have changed; None if the watch must be set up again."""
        tree, changes = self._tree, set[str]()
        if len(events) >= MANY_EVENTS or any(self._changes_folders(path) for path in events):
            return None
        for path in events:
            state = state_at(path)
            if state == tree.files.get(path):
                continue
            changes.add(path)
            if state:
                tree.files[path] = state
            else:
                del tree.files[path]
        return changes

    def _changes_folders(self, path: str) -> bool:
        """Return whether an event for this path may change the set of watched folders."""
        tree = self._tree
        folder, name = os.path.split(path)
        if path in tree.folders or (name == IGNORE_FILE and folder in tree.folders):
            return True
        if not os.path.isdir(path):
            return False
        if os.path.islink(path):
            return any(each.names_folder(path) for each in self._selections)
        return any(each.wants_folder(path, tree.gitignore) for each in self._selections)

    async def _arm(self) -> Tree:
        """Watch the current folders and return their tree; from then on, each change has an event."""
        self._close()
        if not self._interval:
            try:
                self._notify, tree, self._complete = await in_thread(arm, self._folder, self._selections, self._tree)
                return tree
            except NoEvents as error:
                self._report(f"{error}; watched files are polled instead")
        started = trio.current_time()
        tree = await in_thread(look, self._folder, self._selections, self._tree)
        self._interval = max(POLL_INTERVAL, POLL_PAUSE * (trio.current_time() - started))
        return tree

    def _close(self) -> None:
        if self._notify:
            self._notify.close()
            self._notify = None


def _differences(before: Tree, after: Tree) -> set[str]:
    return {path for path, _ in before.files.items() ^ after.files.items()}
