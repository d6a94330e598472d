"""A terminal with a screen: pyte draws what a program writes to its pseudo-terminal, and keys are typed into it."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import pyte
from textual.constants import ESCAPE_DELAY

from helpers.project import SECONDS, command

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.project import Project

KEYS = {"enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "f3": "\x1bOR", "f4": "\x1bOS"}


class Terminal:
    """A command of prox on a terminal of its own. The program ends with the block."""

    def __init__(
        self, project: Project, *args: str, size: tuple[int, int] = (100, 30), env: dict[str, str] | None = None
    ):
        columns, rows = size
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        """All that the program has written."""
        self._ours, theirs = os.openpty()
        self._path = os.ttyname(theirs)
        termios.tcsetwinsize(theirs, (rows, columns))
        become = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"
        settings: dict[str, Any] = {
            "cwd": project.folder,
            "env": project.env | {"TERM": "xterm-256color"} | (env or {}),
        }
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-ISc", become, *command(*args)], stdin=theirs, **settings
            )
        finally:
            os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(AssertionError):
                self.wait()
            self._process.kill()
        self._process.wait()
        os.close(self._ours)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def _read(self, seconds: float) -> bool:
        """Draw what comes within a time; return whether anything came."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            # EIO: the program has gone.
            return False
        self.written += data
        self._stream.feed(data)
        return bool(data)

    def until(self, wanted: str | Callable[[], bool]) -> None:
        """Wait until the screen has a text, or something holds."""
        deadline = time.monotonic() + SECONDS
        while not (wanted in self.text if isinstance(wanted, str) else wanted()):
            left = deadline - time.monotonic()
            assert left > 0, f"{wanted!r} is not on the screen:\n{self.text}"
            self._read(min(left, 0.05))

    def type(self, *keys: str) -> None:
        """Type keys, each by its name or as it is."""
        for key in keys:
            os.write(self._ours, KEYS.get(key, key).encode())
            if key == "esc":
                self._separate()

    def _separate(self) -> None:
        """Wait until Esc is read, and long enough for it to be a key, not the begin of a sequence."""
        terminal = os.open(self._path, os.O_RDONLY | os.O_NOCTTY)
        try:
            deadline = time.monotonic() + SECONDS
            while int.from_bytes(fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)), sys.byteorder):
                assert time.monotonic() < deadline, f"it does not read what is typed:\n{self.text}"
                self._read(0.01)
        finally:
            os.close(terminal)
        quiet = time.monotonic() + 2 * ESCAPE_DELAY
        while (left := quiet - time.monotonic()) > 0:
            self._read(left)

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        termios.tcsetwinsize(self._ours, (rows, columns))
        os.kill(self.pid, signal.SIGWINCH)

    def wait(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        deadline = time.monotonic() + SECONDS
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.text}"
            self._read(0.02)
        while self._read(0):
            pass
        return self._process.returncode

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as before: the alternate screen, the mouse and raw mode are off, the cursor is on."""
        attributes = termios.tcgetattr(self._ours)
        left = self.written.rfind(b"\x1b[?1049l") > self.written.rfind(b"\x1b[?1049h")
        mouse = self.written.rfind(b"\x1b[?1000l") > self.written.rfind(b"\x1b[?1000h")
        cursor = self.written.rfind(b"\x1b[?25h") > self.written.rfind(b"\x1b[?25l")
        return left and mouse and cursor and bool(attributes[3] & termios.ECHO) and bool(attributes[3] & termios.ICANON)
