"""A private instance of prox as a child of the test process: `prox up` with a lifeline, so that both end together.

However the test process ends (its last test, Ctrl-C, ``os._exit``, SIGKILL), the kernel closes its end of the lifeline,
and prox stops everything that it runs.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from prox.client.client import Client
from prox.client.target import Target
from prox.core.errors import ProxError
from prox.instance.private_settings import PrivateSettings
from prox.instance.running import read_running
from prox.instance.token import find_token

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from prox.testing.stack import Stack

__tracebackhide__ = True  # pytest shows the test's own frames only

START_SECONDS = 60.0
"""How long prox may take until its API answers."""
END_SECONDS = 60.0
"""How long prox may take to stop everything, before it is killed."""
_MAX_MESSAGE = 64 * 1024


class ServerFailed(ProxError):
    """prox did not start. The message is that of prox."""

    code = "SERVER_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts about a configuration that the harness needs."""

    autostart: tuple[str, ...] = ()
    """Processes started by `prox up`."""
    per_worker: tuple[str, ...] = ()
    """Processes of which each worker has its own."""
    reset: tuple[str, ...] = ()
    """Processes that have a ``reset``."""

    @classmethod
    def of(cls, found: dict[str, Any]) -> Facts:
        return cls(**{key: tuple(found.get(key, ())) for key in ("autostart", "per_worker", "reset")})


class Server:
    """A child `prox up` for a stack; as a context manager it starts and stops it. ``folder``: the instance directory.

    ``worker``: the worker of pytest-xdist that uses it. ``outlives``: it continues after the end of this process.
    """

    def __init__(
        self,
        stack: Stack,
        folder: Path,
        *,
        worker: str = "main",
        settings: PrivateSettings | None = None,
        outlives: bool = False,
    ) -> None:
        self.folder = folder
        self.facts = Facts()
        self._stack = stack
        self._env = {**os.environ, **stack.env, "PROX_WORKER": worker}
        self._settings = settings or PrivateSettings(overrides=stack.overrides)
        self._outlives = outlives
        self._popen: subprocess.Popen[bytes] | None = None
        self._lifeline = -1

    def __enter__(self) -> Self:
        """Start prox. Raises ServerFailed."""
        self.start()
        return self

    def start(self) -> None:
        """Start prox, and wait until its API answers. Raises ServerFailed."""
        if not self._stack.path.exists():
            raise ServerFailed(f"{self._stack.path} does not exist; create it, or override the fixture prox_config")
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._settings.write(self.folder)
        life_reading, self._lifeline = os.pipe()
        ready_reading, ready_writing = os.pipe()
        command = [sys.executable, "-P", "-m", "prox", "up", f"--config={self._stack.path}", f"--private={self.folder}"]
        options = [f"--ready-fd={ready_writing}", "--api-port=0", "--no-watch"]
        if not self._outlives:
            options.append(f"--lifeline={life_reading}")
        with open(self.folder / "prox.log", "ab") as log, open(ready_reading, "rb", buffering=0) as answers:
            try:
                self._popen = subprocess.Popen(
                    [*command, *options],
                    cwd=self._stack.path.parent,
                    env=self._env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[ready_writing] if self._outlives else [life_reading, ready_writing],
                )
            except OSError as error:
                raise ServerFailed(f"cannot run prox for {self._stack.path}: {error.strerror}") from None
            finally:
                os.close(life_reading)
                os.close(ready_writing)
            answer = _read_answer(answers.fileno())
        if "url" not in answer:
            self._outlives = False
            log_file = self.folder / "prox.log"
            said = answer.get("error") or f"prox exited during its start; see {log_file}"
            if "already running" in said:
                said += "; --prox-reuse=auto uses that instance if its configuration is the same, `prox down` stops it"
            raise ServerFailed(said)
        self.facts = Facts.of(answer)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the instance, and wait until it has ended; with ``outlives``, leave it running."""
        try:
            self._end()
        finally:
            if self._lifeline >= 0:
                os.close(self._lifeline)
                self._lifeline = -1

    def _end(self) -> None:
        if self._popen is None:
            return
        if self._outlives:
            # Silences the ResourceWarning of Popen for a child that still runs.
            self._popen.returncode = 0
            return
        # SIGTERM stops processes in order, each with its grace period.
        self._popen.terminate()
        try:
            self._popen.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._popen = None


def _read_answer(descriptor: int) -> dict[str, Any]:
    """Return the message that prox writes to ``--ready-fd``; empty if it exited, an error if it is late."""
    deadline = time.monotonic() + START_SECONDS
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return {"error": f"prox did not answer within {START_SECONDS:g} s"}
        chunk = os.read(descriptor, _MAX_MESSAGE)
        if not chunk:
            break
        line += chunk
    found = json.loads(line) if line.endswith(b"\n") else {}
    return found if isinstance(found, dict) else {}


def client_of(folder: Path) -> Client:
    """Return a client for the instance in a folder. Raises ServerFailed if it is gone."""
    state = read_running(folder)
    if state is None:
        raise ServerFailed(f"prox has exited; see {folder / 'prox.log'}")
    return Client(Target(host=state.reachable_host, port=state.port, instance=state.instance, read_token=find_token))
