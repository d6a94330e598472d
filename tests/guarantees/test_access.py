"""Nobody who is not meant to drives prox, reads what it keeps, or has it drive a terminal (``docs/security.md``).

Routes are those that the app has, so that one which is added is tried with the others. What single modules promise is
tested beside them; here it is tried over everything at once, or on the real program.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import stat
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, product
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import psutil
import pytest
import trio

import prox
from helpers.leftovers import end, wait_ended
from helpers.project import SECONDS, Answer, open_files, wait_until, watchdogs_of
from helpers.scale import times
from prox.api.app import create_app
from prox.api.settings import ApiSettings
from prox.client.target import parse_address
from prox.instance.token import load_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from helpers.project import Project
    from prox.runtime.supervisor import Supervisor

T = TypeVar("T")

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE")
NO_ROUTES = ("/", "/nothing", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "/metrics/", "/health/", "/.prox/token")
PAGE = "/"
EXCEPTION = "/health"
BODY = b'{"signal": "SIGUSR1"}'
"""What the routes that take a body would act on."""

TEXT = """
processes:
  web:
    cmd: "trap 'echo signalled' USR1; trap 'echo asked' USR2; echo begun; while :; do sleep 1000 & wait; done"
  idle: {cmd: "exec sleep 1000", autostart: false}
"""

STRANGERS = ("evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", "0.0.0.0", "[::ffff:192.0.2.1]")
PAGES = (
    {"Origin": "null"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://127.0.0.1.evil.example:5555"},
    {"Sec-Fetch-Site": "cross-site"},
    # A form, for which a browser asks nobody first (Fetch standard, "CORS-safelisted request-header").
    {"Origin": "http://evil.example", "Content-Type": "text/plain"},
    # What opens a WebSocket, which CORS holds back nowhere.
    {"Origin": "http://evil.example", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
)


class Asker:
    """A client that asks again and again, each time over a connection of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return an answer; of one that is a stream, which may have no end, only the head."""
        connection = http.client.HTTPConnection(*self._address, timeout=SECONDS)
        try:
            connection.request(method, path, BODY, dict(headers or {}))
            response = connection.getresponse()
            stream = response.getheader("Content-Type") == "text/event-stream"
            return Answer(response.status, response.headers, b"" if stream else response.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class Target:
    """A supervisor with its API, and every path that it has, with names filled in."""

    supervisor: Supervisor
    paths: tuple[str, ...]

    @property
    def protected(self) -> list[str]:
        return [path for path in (*self.paths, *NO_ROUTES) if path != EXCEPTION]

    async def ask(self, ask: Callable[[Asker], None]) -> None:
        """Call a function that asks, in a thread, and show that nothing came of it."""
        before = self._state()
        await trio.to_thread.run_sync(self.call, ask)
        os.kill(self.supervisor.process("web").pid, signal.SIGUSR2)
        assert await self.lines("asked") == ["begun", "asked"]
        assert self._state() == before

    async def lines(self, last: str) -> list[str]:
        found = []
        async for line in self.supervisor.follow_logs("web", tail=100):
            found.append(line.text)
            if line.text == last:
                break
        return found

    def call(self, ask: Callable[[Asker], None]) -> None:
        assert self.supervisor.api_url
        ask(Asker(*parse_address(self.supervisor.api_url)))

    def _state(self) -> tuple[object, ...]:
        processes = [(each.name, each.status, each.pid, each.restarts) for each in self.supervisor.processes()]
        return self.supervisor.status, processes


@asynccontextmanager
async def target(folder: Path, settings: str = "") -> AsyncIterator[Target]:
    config = prox.parse_config(f"api: {{port: 0, {settings}}}\n{TEXT}", folder=folder)
    with trio.fail_after(times(30, 600)):
        async with prox.open_supervisor(config, api=True) as supervisor:
            here = Target(supervisor, tuple(path for rule in rules(supervisor) for path in filled(rule)))
            await here.lines("begun")
            yield here


def rules(supervisor: Supervisor) -> list[str]:
    """Return the routes of the app: of another one, made in the same way, that serves nobody."""
    app = create_app(supervisor, ApiSettings(host="127.0.0.1", port=1, auth=False))
    return [rule.rule for rule in app.url_map.iter_rules()]


def filled(rule: str) -> list[str]:
    """Return a route with names of what runs, what does not, and what is not there."""
    return list(dict.fromkeys(re.sub(r"<[^>]+>|\{[^}]+\}", name, rule) for name in ("web", "idle", "nobody")))


async def test_every_route_of_the_app_is_tried(tmp_path: Path) -> None:
    """Were this wrong, all that follows would show nothing."""
    async with target(tmp_path) as here:
        assert {EXCEPTION, "/metrics", "/api/v1/shutdown", "/api/v1/processes/web/stop"} <= set(here.paths)

        def ask(asker: Asker) -> None:
            described = asker.ask("GET", "/api/v1/openapi.json").json()["paths"]
            assert {path for rule in described for path in filled(rule)} <= set(here.paths)

        await here.ask(ask)


async def test_without_the_token_no_route_answers_and_nothing_happens(tmp_path: Path) -> None:
    """Nor does anybody learn from a refusal which routes, processes or methods there are."""
    token = load_token()
    async with target(tmp_path, "auth: true") as here:

        def ask(asker: Asker) -> None:
            said = set()
            for method, path, given in some(here, ("", f"Bearer {token[:-1]}", f"Basic {token}")):
                if path == EXCEPTION:
                    continue
                answer = asker.ask(method, path, {"Authorization": given} if given else None)
                assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), (method, path)
                assert token[:-1].encode() not in answer.body
                if path == PAGE and method in ("GET", "HEAD"):
                    # The dashboard's error is a page.
                    assert method == "HEAD" or b"prox open" in answer.body
                    continue
                said.add(
                    (method == "HEAD" or answer.json()["code"], given[:6] == "Bearer", answer.headers["Content-Length"])
                )
            assert {code for code, _, _ in said} == {True, "UNAUTHORIZED"}
            # No refusal tells which routes, processes and methods there are.
            assert len(said) <= 4

        await here.ask(ask)


async def test_the_token_counts_in_its_header_only(tmp_path: Path) -> None:
    """Not in a URL, which ends up in histories and logs, nor in a cookie, which a browser sends for any page."""
    token = load_token()
    async with target(tmp_path, "auth: true") as here:

        def ask(asker: Asker) -> None:
            for path in here.protected:
                asked = f"{path}?token={token}&access_token={token}&authorization=Bearer%20{token}"
                elsewhere = dict.fromkeys(("Cookie", "X-Token", "X-Api-Key", "Proxy-Authorization"), f"Bearer {token}")
                answer = asker.ask("POST", asked, elsewhere)
                assert answer.status == 401, path
                assert token not in f"{answer.headers}{answer.body!r}"

        await here.ask(ask)


async def test_the_one_route_that_needs_no_token_says_that_it_is_there_and_nothing_else(tmp_path: Path) -> None:
    async with target(tmp_path, "auth: true") as here:

        def ask(asker: Asker) -> None:
            assert asker.ask("GET", EXCEPTION).body == b"ok"
            expected = {"GET": 200, "HEAD": 200, "OPTIONS": 204}
            for method in METHODS:
                assert asker.ask(method, EXCEPTION).status == expected.get(method, 405)

        await here.ask(ask)


async def test_no_answer_holds_the_token(tmp_path: Path) -> None:
    """Also where it was right, and whatever the answer is."""
    token = load_token()
    async with target(tmp_path, "auth: true") as here:

        def ask(asker: Asker) -> None:
            for path in (*here.paths, *NO_ROUTES):
                for method in ("GET", "OPTIONS", "PUT"):
                    answer = asker.ask(method, path, {"Authorization": f"Bearer {token}"})
                    assert answer.status != 401
                    assert token not in f"{answer.headers}{answer.body!r}", path

        await here.ask(ask)


async def test_dns_rebinding_is_refused(tmp_path: Path) -> None:
    """DNS rebinding: a page of that name would be of the same origin as prox."""
    async with target(tmp_path) as here:

        def ask(asker: Asker) -> None:
            for method, path, name in some(here, STRANGERS):
                answer = asker.ask(method, path, {"Host": name, "Origin": "http://localhost"})
                assert_refused(method, answer, "FORBIDDEN_HOST")

        await here.ask(ask)


@pytest.mark.parametrize("settings", ["", "auth: true"])
async def test_requests_of_a_foreign_page_are_refused(tmp_path: Path, settings: str) -> None:
    """Also one that has got hold of the token."""
    token = {"Authorization": f"Bearer {load_token()}"}
    async with target(tmp_path, settings) as here:

        def ask(asker: Asker) -> None:
            for method, path, page in some(here, PAGES):
                answer = asker.ask(method, path, token | page)
                assert_refused(method, answer, "FORBIDDEN_ORIGIN")

        await here.ask(ask)


def some(here: Target, kinds: Sequence[T]) -> Iterator[tuple[str, str, T]]:
    """Yield each route with each method, and with one of the kinds in turn: in `make torture` with all of them."""
    turns = count()
    for method, path in product(METHODS, (*here.paths, *NO_ROUTES)):
        for _ in range(times(1, len(kinds))):
            yield method, path, kinds[next(turns) % len(kinds)]


def assert_refused(method: str, answer: Answer, code: str) -> None:
    assert answer.status == 403
    # HEAD has no body, and with it no code.
    assert method == "HEAD" or answer.json()["code"] == code
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


UPWARDS = (
    "/api/v1/processes/..%2f..%2fhealth",
    "/api/v1/processes/..%2F..%2F..%2F..%2Fetc%2Fpasswd",
    "/api/v1/processes/%2e%2e",
    "/api/v1/processes/%2e%2e/%2e%2e/health",
    "/api/v1/processes/../../../health",
    "/api/v1/processes/..%5c..%5cprox.yaml",
    "/api/v1/processes/%252e%252e%252fprox.yaml",
    "/api/v1/processes/web%00",
    "/api/v1/processes/..%2fshutdown",
    "/api/v1/processes/%2e%2e%2fshutdown/stop",
    "/..%2f.prox/token",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/health/..%2fapi/v1/shutdown",
    "//etc/passwd",
)


@pytest.mark.parametrize(("settings", "expected"), [("", {404, 405}), ("auth: true", {401})])
async def test_no_way_up_through_a_name(tmp_path: Path, settings: str, expected: set[int]) -> None:
    """Names stand for processes, never for files; and no spelling of a path gets around the token."""
    async with target(tmp_path, settings) as here:

        def ask(asker: Asker) -> None:
            for method, path in product(("GET", "POST"), UPWARDS):
                answer = asker.ask(method, path)
                assert answer.status in expected, path
                assert answer.json().keys() == {"error", "code"}
            for name in ("..%2f..%2fetc%2fpasswd", "%2e%2e", "web%00", "web%2c..%2fsystem"):
                for path in (f"/api/v1/logs?process={name}", f"/api/v1/logs/stream?process={name}"):
                    assert asker.ask("GET", path).status in expected, path

        await here.ask(ask)


def test_no_way_up_through_the_name_of_a_log_file(project: Project) -> None:
    """Where nothing runs, `prox logs` reads files."""
    project.write("processes: {web: echo hello}")
    project.write("2026-01-01T00:00:00.000Z out hello\n", ".prox/logs/web.log")
    assert "hello" in project.client("logs", "web").stdout
    project.write("2026-01-01T00:00:00.000Z out stolen\n", "outside.log")
    for name in ("../../outside", "./web", "web.log", str(project.folder / "outside"), ""):
        ran = project.client("logs", name)
        assert ran.returncode == 64, name
        assert "stolen" not in ran.stdout
    project.write("processes: {../web: echo hello}")
    assert project.client("logs").returncode == 78


NASTY = ("(a+)+$", "(a|a)*c", "(a|aa)+$", "(.*a){20}$", "^(a?){50}a{50}$", "(a*)*b", "(?i)(A+)+c", "(x+x+)+y")
"""What takes a backtracking engine years."""


async def test_a_pattern_from_outside_ends_in_linear_time(tmp_path: Path) -> None:
    """Over a full ring, by any route that takes one; and one that is too long is refused."""
    program = "print(('a' * 400 + '!\\n') * 2000 + 'end')"
    text = f"logs: {{buffer_lines: 1000, buffer_bytes: 1MB}}\nprocesses: {{full: [{sys.executable}, -c, {program!r}]}}"
    config = prox.parse_config(f"api: {{port: 0}}\n{text}", folder=tmp_path)
    with trio.fail_after(SECONDS):
        async with prox.open_supervisor(config, api=True) as supervisor:
            async for line in supervisor.follow_logs("full", tail=10):
                if line.text == "end":
                    break

            def seconds(asker: Asker, pattern: str) -> float:
                begun = time.monotonic()
                for route in ("logs?lines=1", "logs/stream?tail=1"):
                    asked = f"/api/v1/{route}&process=full&regex=true&pattern={quote(pattern)}"
                    assert asker.ask("GET", asked).status == 200
                return time.monotonic() - begun

            def ask(asker: Asker) -> None:
                plain = max(seconds(asker, "b"), 0.05)
                assert max(seconds(asker, pattern) for pattern in NASTY) < plain * 100
                for route, regex in product(("logs", "logs/stream"), ("true", "false")):
                    answer = asker.ask("GET", f"/api/v1/{route}?regex={regex}&pattern={'a' * 257}")
                    assert (answer.status, answer.json()["code"]) == (400, "INVALID_PATTERN")

            await trio.to_thread.run_sync(Target(supervisor, ()).call, ask)


DRIVING = (
    b"\x1b]0;title\x07", b"\x1b]52;c;ZXZpbA==\x1b\\", b"\x1b]8;;http://evil.example\x1b\\", b"\x1b[2J\x1b[H",
    b"\x1b[?1049h", b"\x1b[6n", b"\x1b[?2004l", b"\x1bP$qm\x1b\\", b"\x1bPq#0\x1b\\", b"\x1b_x\x1b\\", b"\x1b^x\x1b\\",
    b"\x1bX\x1b\\", b"\x1bc", b"\x1b#8", b"\x1b(0", b"\xc2\x9b2J", b"\xc2\x9d0;t\xc2\x9c", b"\xc2\x90q", b"\x9b2J",
    b"\x05", b"\x07", b"\x08\x08\x08", b"\x0e", b"\x7f", b"\r00:00:00 system \xe2\x94\x82 forged",
    b"\x1b]0;never ended",
)  # fmt: skip
"""OSC, CSI, DCS, APC, PM, SOS, others, C1 in UTF-8 and without, controls; what asks the terminal to type an answer."""
COLOR = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

WRITER = f"""
import sys, time
for sequence in {DRIVING!r}:
    sys.stdout.buffer.write(b"begin" + sequence + b"end\\n")
sys.stdout.flush()
if "check" in sys.argv:
    sys.exit(1)
print("all written", flush=True)
time.sleep(1000)
"""


def assert_harmless(printed: str) -> None:
    """Show that nothing but colours drives a terminal, and that no line looks like one of prox's own."""
    assert not CONTROL.search(COLOR.sub("", printed)), ascii(printed)
    for line in COLOR.sub("", printed).splitlines():
        assert "forged" not in line or re.match(r"\S+ web +│ |.*health check", line), line


def test_what_a_process_prints_drives_no_terminal(project: Project) -> None:
    """Nor does what its health check prints. On a terminal and in a file, of the foreground and of the background."""
    project.write(WRITER, "writer.py")
    check = f"{{cmd: [{sys.executable}, -S, writer.py, check], interval: 100ms, retries: 1, start_period: 0s}}"
    project.write(f"""
api: {{port: 0}}
processes:
  web: {{cmd: [{sys.executable}, -S, writer.py], healthcheck: {check}}}
""")
    with project.launch("up", terminal=True) as shown:
        for line in ("all written", "prox 0."):
            shown.wait_line(line)
        wait_until(lambda: project.get("/processes/web").json()["healthcheck"]["consecutive_failures"] > 0)
        for command in (["status"], ["logs", "web"]):
            with project.launch(*command, terminal=True) as terminal:
                terminal.wait()
                assert "web" in terminal.output
                assert_harmless(terminal.output)
            assert_harmless(project.client(*command).stdout)
        assert "health check" in project.client("status").stdout
        assert_harmless(project.client("logs", "--timestamps").stdout)
        late = project.client("wait", "web", "--timeout", "100ms")
        assert "health check" in late.stderr
        assert_harmless(late.stderr)
    assert "begin" in shown.output
    assert_harmless(shown.output)


def test_a_log_of_the_background_can_be_looked_at(project: Project) -> None:
    project.write(WRITER, "writer.py")
    check = f"{{cmd: [{sys.executable}, -S, writer.py, check], interval: 50ms, retries: 1, start_period: 0s}}"
    project.write(f"api: {{port: 0}}\nprocesses: {{web: {{cmd: [{sys.executable}, writer.py], healthcheck: {check}}}}}")
    ran = project.run("up", "-d", "--wait", "--wait-timeout", "3s")
    assert ran.returncode == 124
    assert "begin" in ran.stderr
    assert_harmless(ran.stdout + ran.stderr)
    assert_harmless((project.folder / ".prox" / "prox.log").read_text())


@pytest.mark.parametrize(
    ("name", "command"), [("prox.yaml", ["up"]), ("prox.override.yaml", ["up", "-d"]), (".env", ["up"])]
)
def test_what_everybody_can_write_to_starts_nothing(project: Project, name: str, command: list[str]) -> None:
    """Whoever writes to one of these decides what this user runs: by an env file, too, with LD_PRELOAD or PATH."""
    text = "api: {port: 0}\nenv_file: [.env]\nprocesses: {web: touch started}\n"
    for each in ("prox.yaml", "prox.override.yaml", ".env"):
        project.write("" if each == ".env" else text, each)
    (project.folder / name).chmod(0o646)
    ran = project.run(*command)
    assert ran.returncode == 78
    assert f"{name}: everyone can write to it" in ran.stderr
    assert sorted(os.listdir(project.folder)) == [".env", "prox.override.yaml", "prox.yaml"]


def link(folder: Path, elsewhere: Path) -> None:
    folder.symlink_to(elsewhere)


def give_away(folder: Path, elsewhere: Path) -> None:
    folder.mkdir(mode=0o777)
    os.chown(folder, 1234, -1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (link, "is a symbolic link"),
        pytest.param(
            give_away,
            "belongs to another user",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away"),
        ),
    ],
)
def test_a_folder_of_somebody_elses_choice_is_not_written_to(
    project: Project, tmp_path: Path, make: Callable[[Path, Path], None], said: str
) -> None:
    """Nor is what it says believed: where an instance runs, and where it answers."""
    project.write("api: {port: 0}\nprocesses: {web: touch started}")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    make(project.folder / ".prox", elsewhere)
    for command in (["up"], ["up", "-d"], ["status"], ["stop", "web"], ["down"]):
        ran = project.run(*command) if command[0] == "up" else project.client(*command)
        assert ran.returncode not in (0, 69), command
        assert said in ran.stderr
    assert not (project.folder / "started").exists()
    assert os.listdir(elsewhere) == os.listdir(project.folder / ".prox") == []


def test_a_folder_that_came_with_a_repository_leads_nowhere(project: Project) -> None:
    """A state file counts only with the lock that a living instance holds: the token goes to no address in it."""
    project.write("processes: {web: touch started}")
    with socket.create_server(("127.0.0.1", 0)) as thief:
        state = {"pid": 1, "port": thief.getsockname()[1], "host": "127.0.0.1", "started_at": "", "instance": "x"}
        project.write(json.dumps(state | {"config_file": None}), ".prox/prox.state")
        project.write("1\n", ".prox/prox.pid")
        for command in (["status"], ["logs"], ["stop", "web"], ["wait", "web", "--timeout", "100ms"]):
            assert project.client(*command).returncode in (0, 69)
        thief.setblocking(False)
        with pytest.raises(BlockingIOError):
            thief.accept()
    (project.folder / ".prox" / "prox.pid").unlink()


def test_looking_at_a_project_runs_nothing_of_it(project: Project) -> None:
    """Whoever has cloned a repository may read what its prox.yaml would do."""
    run = "touch ran; false"
    project.write(f"processes: {{web: {{cmd: {run}, stop: {{cmd: {run}}}, healthcheck: {{cmd: {run}}}}}}}")
    before = sorted(os.listdir(project.folder))
    for command in (["config"], ["config", "--json"], ["status"], ["logs"], ["list"], ["stop", "web"], ["down"]):
        assert project.client(*command).returncode in (0, 69), command
    assert sorted(os.listdir(project.folder)) == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc to read it from")
def test_what_a_daemon_and_its_watchdog_hold(project: Project) -> None:
    """Nothing of whoever started it, no module of the project's, and no door but one on the loopback address."""
    config = project.write("api: {port: 0, auth: true}\nprocesses: {web: exec sleep 1000}")
    for module in ("json", "trio", "prox"):
        project.write("open('taken', 'w')", f"{module}.py")
    secret = project.write("of whoever starts it", "secret")
    with secret.open() as held:
        os.set_inheritable(held.fileno(), True)
        options = {"cwd": "/", "umask": 0, "pass_fds": [held.fileno()]}
        assert project.run("--config", str(config), "up", "-d", **options).returncode == 0
    assert not (project.folder / "taken").exists()
    token = (project.folder.parent / "home" / ".prox" / "token").read_text().strip()
    # Somebody has put it where it does not belong; still no log has it.
    assert project.get(f"/status?token={token}").status == 401
    assert project.get(f"/logs?process={token}", Authorization=f"Bearer {token}").status == 404
    state = project.state()
    assert state
    (guard,) = watchdogs_of(state["pid"])
    family = [psutil.Process(state["pid"]), *psutil.Process(state["pid"]).children(recursive=True)]
    assert guard in {each.pid for each in family}
    for each in family:
        assert str(secret) not in open_files(each.pid).values()
        assert token not in f"{each.environ()}{each.cmdline()}"
        listening = [found.laddr for found in each.net_connections("inet") if found.status == psutil.CONN_LISTEN]
        assert listening == ([("127.0.0.1", state["port"])] if each.pid == state["pid"] else [])
    held_by_guard = open_files(guard)
    assert held_by_guard.pop(0).startswith("pipe:")
    assert held_by_guard == {1: "/dev/null", 2: "/dev/null"}
    # What others could read or enter, whatever the umask was.
    paths = [project.folder / ".prox", *(project.folder / ".prox").rglob("*"), project.folder.parent / "home" / ".prox"]
    assert [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    assert project.client("down").returncode == 0
    assert not [path for path in paths if path.is_file() and token.encode() in path.read_bytes()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system does not give orphans to prox")
@pytest.mark.skipif(not shutil.which("setsid"), reason="the system has no setsid(1)")
def test_a_process_that_hides_does_not_outlive_prox(project: Project) -> None:
    """In a session of its own, of a parent that is gone, and without the variables that prox has given it."""
    hide = "(env -i setsid sh -c 'echo $$ > draft; mv draft hidden; exec sleep 1000' &)"
    project.write(f'api: {{port: 0}}\nprocesses: {{web: "{hide}; exec sleep 1000"}}')
    with project.launch("up") as running:
        hidden = project.folder / "hidden"
        wait_until(hidden.exists)
        process = psutil.Process(int(hidden.read_text()))
        try:
            running.signal(signal.SIGTERM)
            assert running.wait() == 0
            assert not wait_ended([process], 0)
        finally:
            # Nothing in it says that it is a test's.
            end([process], patience=0)
