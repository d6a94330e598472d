"""The log files: NAME.log for each process, and system.log for prox's own lines, in the format of ``record``.

A lossless sink that writes synchronously. Counterpart of ``reader``.
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
"""Approximate bytes that one stream may queue until a long line of the other ends; beyond it, that line is cut."""


def log_folder(config: Config, instance_folder: Path) -> Path | None:
    """Return the folder of an instance's log files, None if ``logs.dir`` is false.

    The default folder is in the instance folder; any other is relative to prox.yaml.
    """
    where = config.logs.dir
    if where is False:
        return None
    return instance_folder / "logs" if where == Logs().dir else Path(config.folder, where).expanduser()


class LogFiles:
    """The sink for log files in ``folder``: rotates at ``max_size`` bytes and keeps ``keep`` full files per process.

    ``name_of`` returns the current file name, without suffix, for a process. ``root``: a folder that is never created
    (``rotation``).
    Write failures are reported to ``report`` once per cause; each batch is a new attempt.
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
        self.folder = folder
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
            path = self.folder / f"{name}.log"
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
        """End unfinished lines and close the files."""
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
                # A report would be the next missing line.
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
    """Whether it holds prox's own lines."""


class Records:
    """Formats the batches of one process for its file, in which a long line stays one line.

    Output of the other stream between the pieces of a long line is queued until its end. A line is cut if the queue is
    too large, or at ``longest`` bytes, so that no line can fill the disk.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._unfinished: Stream | None = None
        self._length = 0
        self._waiting = bytearray()
        self._waiting_unfinished = False

    def add(self, batch: Batch) -> bytes:
        """Return the bytes to append now, possibly none."""
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
        """Return the bytes that end all lines. The last call."""
        text = b""
        while self._unfinished:
            text += self._break()
        return text

    def forget(self) -> int:
        """Discard all state after a failed write; return the number of queued lines."""
        waiting = self._waiting.count(b"\n")
        self._release()
        self._unfinished = None
        return waiting

    def _break(self) -> bytes:
        """Cut the unfinished line here; its rest becomes a line of its own."""
        return b"\n" + self._release()

    def _release(self) -> bytes:
        """Return the queued output, which may itself end with an unfinished line."""
        other: Stream = "stderr" if self._unfinished == "stdout" else "stdout"
        self._unfinished = other if self._waiting_unfinished else None
        text = bytes(self._waiting)
        self._length = len(text) - text.rfind(b"\n") - 1
        self._waiting.clear()
        self._waiting_unfinished = False
        return text


def _format(batch: Batch, *, continued: bool) -> bytes:
    return prefixed(batch, head(batch.time, batch.stream), continued=continued)
