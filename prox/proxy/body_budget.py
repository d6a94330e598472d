"""The memory budget of all captured bodies. At the limit the oldest move to private files."""

from __future__ import annotations

import secrets
import shutil
from collections import OrderedDict, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import trio

from prox.system.threads import in_thread

if TYPE_CHECKING:
    from pathlib import Path

MEMORY_BYTES = 64 * 1024 * 1024
"""Memory limit for all captured bodies; beyond it the oldest move to files."""
SPILL_BYTES = 48 * 1024 * 1024
"""Moving begins here, so that there is room for bodies that arrive meanwhile."""


class Movable(Protocol):
    """A body that can move to a file (``proxy.capture``)."""

    def begin_move(self) -> None: ...

    def move(self, file: Path) -> None: ...

    def end_move(self, file: Path) -> None: ...

    def discard(self) -> None: ...


class BodyBudget:
    """The memory budget. ``run`` moves the oldest bodies to files in ``folder``; None: it drops them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._used = 0
        self._oldest: OrderedDict[Movable, None] = OrderedDict()
        self._full = trio.Event()
        self._unlinked: deque[Path] = deque()

    @property
    def used(self) -> int:
        return self._used

    def reserve(self, body: Movable, size: int) -> bool:
        """Reserve memory for bytes of a body; return False if there is no room."""
        if self._used + size > MEMORY_BYTES:
            self._full.set()
            return False
        self._used += size
        self._oldest.setdefault(body)
        if self._used > SPILL_BYTES:
            self._full.set()
        return True

    def release(self, size: int) -> None:
        self._used -= size

    def drop(self, body: Movable, file: Path | None) -> None:
        """Forget a body, and let ``run`` remove its file."""
        self._oldest.pop(body, None)
        if file is not None:
            self._unlinked.append(file)
            self._full.set()

    async def run(self) -> None:
        """Move bodies to files, and remove files of dropped bodies, until cancelled; then remove the folder."""
        try:
            while True:
                await self._full.wait()
                self._full = trio.Event()
                if self._unlinked:
                    await in_thread(self._unlink_all)
                while self._used > SPILL_BYTES and self._oldest:
                    await self._spill(self._oldest.popitem(last=False)[0])
        finally:
            if self._folder is not None:
                with trio.CancelScope(shield=True):
                    await in_thread(self._remove_folder, self._folder)

    async def _spill(self, body: Movable) -> None:
        if self._folder is None:
            body.discard()
            return
        file = self._folder / secrets.token_hex(8)
        body.begin_move()
        try:
            await in_thread(self._move, body, file)
        except OSError:
            body.discard()
        else:
            body.end_move(file)

    @staticmethod
    def _move(body: Movable, file: Path) -> None:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        body.move(file)

    def _unlink_all(self) -> None:
        while self._unlinked:
            with suppress(OSError):
                self._unlinked.popleft().unlink()

    @staticmethod
    def _remove_folder(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
