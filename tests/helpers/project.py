"""A project folder with a prox.yaml, and the real `prox` program in it.

::

    def test_something(project: Project) -> None:
        project.write("processes: {api: sleep 1000}")
        with project.up() as prox:
            assert project.get("/processes").json()["processes"][0]["status"] == "running"
            assert project.run("status").returncode == 0
        assert prox.wait() == 0
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from helpers.leftovers import MARKER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 30.0
"""How long anything may take before a test has failed."""

_READY = re.compile(r"prox \S+: (http://\S+),")


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Project:
    """``folder`` holds prox.yaml; ``env`` is the whole environment that prox gets, with a HOME of its own."""

    folder: Path
    env: dict[str, str]
    started: list[RunningProx] = field(default_factory=list)

    @classmethod
    def create(cls, base: Path) -> Self:
        folder, home = base / "project", base / "home"
        folder.mkdir()
        home.mkdir()
        env = {"HOME": str(home), "LANG": "C.UTF-8", MARKER: os.environ[MARKER]}
        return cls(folder, {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ} | env)

    def write(self, text: str, name: str = "prox.yaml") -> Path:
        """Write a file of the project, by default its prox.yaml."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path

    def run(self, *args: str, timeout: float = SECONDS, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command of prox to its end; stdout and stderr are text. ``options`` as subprocess.run has them."""
        settings = {"cwd": self.folder, "env": self.env, "stdin": subprocess.DEVNULL} | options
        return subprocess.run(command(*args), capture_output=True, encoding="utf-8", timeout=timeout, **settings)

    def up(self, *args: str, **options: Any) -> RunningProx:
        """Run `prox up` in the foreground; return once its API answers. It ends with its block, or with the test."""
        settings = {"cwd": self.folder, "env": self.env} | options
        running = RunningProx(command("up", *args), settings)
        self.started.append(running)
        running.wait_line(_READY)
        return running

    def state(self) -> dict[str, Any] | None:
        """Return what the state file of the instance holds; None where there is none."""
        try:
            return json.loads((self.folder / ".prox" / "prox.state").read_text())
        except FileNotFoundError:
            return None

    def get(self, path: str, **headers: str) -> Answer:
        """GET a path below /api/v1."""
        return self.request("GET", "/api/v1" + path, headers=headers)

    def post(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """POST to a path below /api/v1."""
        return self.request("POST", "/api/v1" + path, body, headers=headers)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask the instance that the state file names."""
        state = self.state()
        assert state, "no instance runs in this project"
        return request(state["host"], state["port"], method, path, body, headers)

    def close(self) -> None:
        """End what a test has not ended itself."""
        for running in self.started:
            running.close()
        if self.state():
            self.run("down")


class RunningProx:
    """A `prox up` in the foreground, and what it has printed so far (stdout and stderr together)."""

    def __init__(self, args: list[str], options: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            args,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
        self._lines: list[str] = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def url(self) -> str:
        """The API's address, without a path."""
        found = _READY.search(self.output)
        assert found, f"prox is not ready:\n{self.output}"
        return found[1]

    @property
    def output(self) -> str:
        with self._news:
            return "".join(self._lines)

    def wait_line(self, text: str | re.Pattern[str], timeout: float = SECONDS) -> str:
        """Return the first line that holds ``text``, which may have been printed already."""
        pattern = re.compile(re.escape(text)) if isinstance(text, str) else text
        deadline = time.monotonic() + timeout
        seen = 0
        with self._news:
            while True:
                for line in self._lines[seen:]:
                    if pattern.search(line):
                        return line
                seen = len(self._lines)
                if self._ended or not self._news.wait(deadline - time.monotonic()):
                    break
        raise AssertionError(f"no line with {pattern.pattern!r} in:\n{self.output}")

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self, timeout: float = SECONDS) -> int:
        """Return the exit code, negative where a signal ended it; ``output`` is complete then."""
        code = self._process.wait(timeout)
        self._reader.join(timeout)
        assert not self._reader.is_alive(), "prox has ended, but somebody holds its stdout"
        return code

    def close(self) -> None:
        """Stop it in order where it still runs, and by force where that does not help."""
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait()
            raise

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as stream:
            for line in stream:
                with self._news:
                    self._lines.append(line.decode("utf-8", "replace"))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def command(*args: str) -> list[str]:
    """The command line of this prox."""
    return [sys.executable, "-m", "prox", *args]


def request(
    host: str, port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()
