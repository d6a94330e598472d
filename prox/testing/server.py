"""A private instance of prox as a child of the test process: `prox up` with a lifeline, so that it ends with it.

However the test process ends (its last test, Ctrl-C, ``os._exit``, SIGKILL), the kernel closes its end of the lifeline,
and prox stops everything that it runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from prox.client.client import Client
from prox.client.target import Target
from prox.core.errors import ProxError
from prox.instance.folder import read_running
from prox.instance.token import find_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

END_SECONDS = 60.0
"""How long prox may take to stop everything, before it is killed."""
_MAX_MESSAGE = 64 * 1024


class ServerFailed(ProxError):
    """prox did not start; the message is its own."""

    code = "SERVER_FAILED"


class Server:
    """Runs `prox up` on a configuration while it is entered. ``folder``: of the instance, which no other has."""

    def __init__(self, config: Path, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.config = config
        self.folder = folder
        self._env = {**os.environ, **(env or {})}
        self._popen: subprocess.Popen[bytes] | None = None
        self._lifeline = -1

    def __enter__(self) -> Self:
        """Raises ServerFailed."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        life_reading, self._lifeline = os.pipe()
        ready_reading, ready_writing = os.pipe()
        command = [sys.executable, "-P", "-m", "prox", "up", f"--config={self.config}", f"--private={self.folder}"]
        options = [f"--lifeline={life_reading}", f"--ready-fd={ready_writing}", "--api-port=0", "--no-watch"]
        with open(self.folder / "prox.log", "ab") as log, open(ready_reading, "rb") as told:
            try:
                self._popen = subprocess.Popen(
                    [*command, *options],
                    cwd=self.config.parent,
                    env=self._env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[life_reading, ready_writing],
                )
            finally:
                os.close(life_reading)
                os.close(ready_writing)
            message = told.readline(_MAX_MESSAGE)
        answer = json.loads(message) if message else {}
        if "url" not in answer:
            self.close()
            said = answer.get("error") or f"it ended before it could answer; {self.folder / 'prox.log'} may say why"
            raise ServerFailed(said)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything, and wait until it is gone."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        if self._popen is not None:
            try:
                self._popen.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
            self._popen = None


def client_of(folder: Path) -> Client:
    """Return the API of the instance that has this folder. Raises ServerFailed where it is gone."""
    state = read_running(folder)
    if state is None:
        raise ServerFailed(f"prox is gone; {folder / 'prox.log'} may say why")
    return Client(Target(host=state.reachable_host, port=state.port, instance=state.instance, read_token=find_token))
