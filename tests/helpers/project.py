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
import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

import psutil

from helpers.leftovers import MARKER
from prox.runtime.signals import SAME_REQUEST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
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
        ran = subprocess.run(command(*args), capture_output=True, encoding="utf-8", timeout=timeout, **settings)
        assert "Traceback" not in ran.stderr
        return ran

    def client(self, *args: str) -> subprocess.CompletedProcess[str]:
        """The same in this process, which saves the start of a program: for commands that only speak to an instance."""
        from prox.cli.main import run

        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with (
            mock.patch.dict(os.environ, self.env),
            chdir(self.folder),
            redirect_stdout(stdout),
            redirect_stderr(stderr),
        ):
            code = run(list(args))
        printed = [stream.detach().getvalue().decode() for stream in (stdout, stderr)]
        return subprocess.CompletedProcess(list(args), code, *printed)

    def up(self, *args: str, **options: Any) -> RunningProx:
        """Run `prox up` in the foreground; return once its API answers. It ends with its block, or with the test."""
        running = self.launch("up", *args, **options)
        running.wait_line(_READY)
        return running

    def launch(self, *args: str, terminal: bool = False, **options: Any) -> RunningProx:
        """Begin to run a command of prox, and return at once. ``terminal``: on one of its own, as in a window."""
        settings = {"cwd": self.folder, "env": self.env} | options
        running = RunningOnTerminal(command(*args), settings) if terminal else RunningProx(command(*args), settings)
        self.started.append(running)
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
        if (self.folder / ".prox" / "prox.pid").exists():
            self.run("down")


class RunningProx:
    """A `prox` that runs, and what it has printed so far (stdout and stderr together)."""

    def __init__(self, args: list[str], options: dict[str, Any]) -> None:
        self._signalled = 0.0
        self._process = self._start(args, options)
        self._lines: list[str] = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _start(self, args: list[str], options: dict[str, Any]) -> subprocess.Popen[bytes]:
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | options
        return subprocess.Popen(args, start_new_session=True, **settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is not None:
            # Where a test has failed, its processes may wait for what will not come any more.
            self._insist()
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
        self._signalled = time.monotonic()
        self._process.send_signal(number)

    def signal_again(self, number: int) -> None:
        """Send a signal that is a request of its own, not the same as the one before it (``cli.md``)."""
        time.sleep(max(0.0, self._signalled + SAME_REQUEST_SECONDS + 0.05 - time.monotonic()))
        self.signal(number)

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

    def _insist(self) -> None:
        while self._process.poll() is None:
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)

    def _read(self) -> None:
        for line in self._incoming():
            with self._news:
                self._lines.append(line.decode("utf-8", "replace"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _incoming(self) -> Iterator[bytes]:
        assert self._process.stdout
        with self._process.stdout as stream:
            yield from stream


class RunningOnTerminal(RunningProx):
    """The same on a terminal of its own, of 80 columns, which sends what is typed and can be closed."""

    def _start(self, args: list[str], options: dict[str, Any]) -> subprocess.Popen[bytes]:
        self._terminal, theirs = os.openpty()
        self._closing, self._close_it = os.pipe()
        termios.tcsetwinsize(theirs, (24, 80))
        become = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"
        try:
            return subprocess.Popen([sys.executable, "-ISc", become, *args], stdin=theirs, **options)
        finally:
            os.close(theirs)

    def type(self, text: bytes) -> None:
        os.write(self._terminal, text)

    def hang_up(self) -> None:
        """Close the terminal, as when its window is closed."""
        os.write(self._close_it, b"x")
        self._reader.join(SECONDS)

    def _incoming(self) -> Iterator[bytes]:
        # A descriptor that a read waits on would not be closed before that is over.
        rest = b""
        while self._closing not in select.select([self._terminal, self._closing], [], [])[0]:
            try:
                rest += os.read(self._terminal, 65536)
            except OSError:
                break
            *lines, rest = rest.split(b"\n")
            yield from (line.removesuffix(b"\r") + b"\n" for line in lines)
        for descriptor in (self._terminal, self._closing, self._close_it):
            os.close(descriptor)
        if rest:
            yield rest


def open_files(pid: int) -> dict[int, str]:
    """Return what each descriptor of a process is open on, without those it closes meanwhile (proc_pid_fd(5))."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def watchdogs_of(prox: int) -> list[int]:
    """Return the watchdog of an instance, given by pid: as a rule one."""
    found = []
    for child in psutil.Process(prox).children():
        with suppress(psutil.Error):
            if "prox-watchdog" in child.cmdline():
                found.append(child.pid)
    return found


def kill_with_guard(prox: int) -> None:
    """Kill an instance and its watchdog so that neither does anything any more."""
    (guard,) = watchdogs_of(prox)
    # Stopped, it cannot start another one in between.
    os.kill(prox, signal.SIGSTOP)
    os.kill(guard, signal.SIGKILL)
    os.kill(prox, signal.SIGKILL)


def wait_until(holds: Callable[[], bool], timeout: float = SECONDS) -> None:
    """Wait for what can only be looked at, such as a file that is to appear."""
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, "it does not come to hold"
        time.sleep(0.005)


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
