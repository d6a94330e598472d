"""A log file for each process, NAME.log, and system.log for prox's own lines. ``record`` says what a line looks like.

A lossless sink that writes at once. Counterpart of ``reader``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from prox.core.config.model import Logs
from prox.core.logs.batch import SYSTEM
from prox.sinks.record import head
from prox.sinks.render import prefixed
from prox.sinks.rotation import AppendFailed, RotatingFile
from prox.sinks.write_failures import WriteFailureReporter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prox.core.config.model import Config
    from prox.core.logs.batch import Batch, Stream

WAITING_BYTES = 1024 * 1024
"""Approximate bytes that one stream may hold back until a long line of the other ends; then that line is cut."""


def log_folder(config: Config, instance_folder: Path) -> Path | None:
    """Return where the log files of an instance are; None where there are none to be.

    The default belongs to the instance; any other folder is where prox.yaml says.
    """
    where = config.logs.dir
    if where is False:
        return None
    return instance_folder / "logs" if where == Logs().dir else Path(config.folder, where).expanduser()


class LogFiles:
    """Writes into ``folder``; rotates at ``max_size`` bytes, and keeps ``keep`` full files of each process.

    ``name_of`` returns the name of the file, without its suffix, into which the lines of a process go now. ``root`` is
    not made where it is missing (``rotation``).
    A write failure is passed to ``report`` once for each cause; the write is tried again with each batch.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_size: int,
        keep: int,
        report: Callable[[str], None],
        name_of: Callable[[str], str] = lambda process: process,
        root: Path | None = None,
    ) -> None:
        self._folder = folder
        self._max_size = max_size
        self._keep = keep
        self._name_of = name_of
        self._root = root
        self._failures = WriteFailureReporter(report)
        self._logs: dict[str, _Log] = {}

    def write(self, batch: Batch) -> None:
        log = self._logs.get(batch.process)
        name = self._name_of(batch.process)
        if log is not None and log.name != name:
            self._close(self._logs.pop(batch.process))
            log = None
        if log is None:
            path = self._folder / f"{name}.log"
            file = RotatingFile(path, max_size=self._max_size, keep=self._keep, root=self._root)
            log = self._logs[batch.process] = _Log(
                name, str(path), file, Records(self._max_size), batch.process == SYSTEM
            )
        self._append(log, log.records.add(batch), batch.time)

    def set_names(self, names: Sequence[str]) -> None:
        """Close the files of processes that were removed."""
        for name in self._logs.keys() - {*names, SYSTEM}:
            self._close(self._logs.pop(name))

    async def wait_for_capacity(self) -> None:
        """Return at once: everything is written."""

    def close(self) -> None:
        """End lines that are not finished, and close the files."""
        for log in self._logs.values():
            self._close(log)
        self._failures.close()

    def _close(self, log: _Log) -> None:
        self._append(log, log.records.end(), 0)
        log.file.close()

    def _append(self, log: _Log, block: bytes, now: float) -> None:
        if not block:
            return
        try:
            log.file.append(block)
        except AppendFailed as failure:
            missing = failure.missing + log.records.forget() if failure.missing else 0
            if log.is_own:
                # What is said of that would be the next line that is missing.
                self._failures.missed(missing)
            else:
                self._failures.failed(log.path, failure.reason, missing, now)
        else:
            self._failures.works(log.path)


@dataclass(frozen=True, slots=True)
class _Log:
    name: str
    path: str
    file: RotatingFile
    records: Records
    is_own: bool
    """Whether the lines in it are prox's own."""


class Records:
    """Batches of one process → what is appended to its file, in which a long line is one line.

    What the other stream writes between the pieces of a long line waits for its end. A line is ended before its
    time where too much waits, or where it is ``longest`` bytes long: no line may fill the disk.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._unfinished: Stream | None = None
        self._length = 0
        self._waiting = bytearray()
        self._waiting_unfinished = False

    def add(self, batch: Batch) -> bytes:
        """Return what is to be appended now; it may be nothing."""
        if batch.file is not None:
            batch = replace(batch, data=batch.file, partial=not batch.file.endswith(b"\n"), file=None)
            if not batch.data:
                return b""
        if self._unfinished not in (None, batch.stream):
            self._waiting += _format(batch, continued=self._waiting_unfinished)
            self._waiting_unfinished = batch.partial
            return self._break() if len(self._waiting) > WAITING_BYTES else b""
        text = _format(batch, continued=self._unfinished is not None)
        if not batch.partial:
            return text + self._release() if self._unfinished else text
        self._length = len(text) + (self._length if self._unfinished else 0)
        self._unfinished = batch.stream
        return text + self._break() if self._length >= self._longest else text

    def end(self) -> bytes:
        """Return what ends all lines: nothing more comes."""
        text = b""
        while self._unfinished:
            text += self._break()
        return text

    def forget(self) -> int:
        """Begin anew, as what was added last is not in the file; return how many lines were still to be appended."""
        waiting = self._waiting.count(b"\n")
        self._release()
        self._unfinished = None
        return waiting

    def _break(self) -> bytes:
        """End the unfinished line here; what comes of it later is a line of its own."""
        return b"\n" + self._release()

    def _release(self) -> bytes:
        """Return what has waited for the end of the line, which may be a long line in its turn."""
        other: Stream = "stderr" if self._unfinished == "stdout" else "stdout"
        self._unfinished = other if self._waiting_unfinished else None
        text = bytes(self._waiting)
        self._length = len(text) - text.rfind(b"\n") - 1
        self._waiting.clear()
        self._waiting_unfinished = False
        return text


def _format(batch: Batch, *, continued: bool) -> bytes:
    return prefixed(batch, head(batch.time, batch.stream), continued=continued)
