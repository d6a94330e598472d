"""``notify``: the process sends READY=1 to a datagram socket, as with systemd (sd_notify(3))."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from prox.core.health import CheckResult
from prox.instance.folder import NOTIFY_PREFIX
from prox.runtime.probe.base import Probe

if TYPE_CHECKING:
    from prox.runtime.probe.base import Target

MAX_DATAGRAM = 4096
"""Bytes; longer datagrams are truncated, as by systemd."""
MAX_AT_ONCE = 64
"""Datagrams to read before the state is evaluated."""
MAX_PATH = 103
"""Maximum length of a socket's path in bytes: with NUL, 104 on macOS (unix(4)) and 108 on Linux (unix(7))."""


class NotifyProbe(Probe):
    """A health check that reads notifications. Raises OSError with a message if it cannot create the socket."""

    self_reporting = True

    def __init__(self, folder: Path) -> None:
        self._ready = False
        self._status = ""
        with ExitStack() as cleanup:
            try:
                path = _place(folder, cleanup)
                self._socket = cleanup.enter_context(_bind(path))
            except OSError as error:
                raise OSError(f"cannot create the notify socket in {folder}: {error.strerror}") from None
            cleanup.callback(_remove, path)
            self._cleanup = cleanup.pop_all()
        self.env = {"NOTIFY_SOCKET": str(path)}

    async def wait_notified(self) -> None:
        await trio.lowlevel.wait_readable(self._socket)
        for _ in range(MAX_AT_ONCE):
            try:
                # The system closes descriptors sent with a datagram, as there is no buffer for them (recvmsg(2),
                # MSG_CTRUNC). That is all that BARRIER=1 requires.
                self._take(self._socket.recv(MAX_DATAGRAM))
            except OSError:
                return

    def _take(self, datagram: bytes) -> None:
        for line in datagram.decode("utf-8", "replace").split("\n"):
            key, _, value = line.partition("=")
            if key == "READY" and value == "1":
                self._ready = True
            elif key == "STATUS":
                self._status = value

    async def check(self, target: Target) -> CheckResult:
        if self._ready:
            return CheckResult(True, self._status or "READY=1")
        waiting = "READY=1 not received yet"
        return CheckResult(False, f"{waiting}: {self._status}" if self._status else waiting)

    def close(self) -> None:
        self._cleanup.close()


def _place(folder: Path, cleanup: ExitStack) -> Path:
    """Return a path for the socket: in ``folder``, or in a temporary folder if that is missing or its path too long."""
    name = f"{NOTIFY_PREFIX}{secrets.token_hex(4)}"
    path = folder.absolute() / name
    if len(os.fsencode(path)) <= MAX_PATH and folder.is_dir():
        return path
    private = tempfile.mkdtemp(prefix="prox-")
    cleanup.callback(shutil.rmtree, private, ignore_errors=True)
    return Path(private, name)


def _bind(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind(os.fspath(path))
        path.chmod(0o600)
    except OSError:
        sock.close()
        raise
    return sock


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
