"""prox's pytest plugin against pytest-xprocess, mirakuru and a `subprocess.Popen` fixture.

Each contender is a generated test suite: the same test file, and a conftest.py with a fixture `url` that brings up an
HTTP server as the contender's documentation shows it. The server begins to listen 0.2 s after its start. In the stack
`one` it is alone, in `two` it needs another such server and exits if that does not answer. `empty` is the same suite
without a server: the baseline. pytest loads no plugins but xdist's and the contender's own.

start     seconds from the exec of pytest until the body of the first test runs, less the median of `empty`
per test  milliseconds from the first body to the last one on `one`, divided by the tests between them, pytest's own
          work and one HTTP request included. The fixture of prox has function scope and asks prox for the process in
          each test, as prox's documentation shows it; those of the peers have session scope
xdist     the suite on `two` with `pytest -n 4`: servers started, exit status, and seconds until pytest has exited.
          Each worker of a peer has servers and ports of its own, pytest-xprocess also a process name of its own; a
          lock that shares one server, as the documentation of pytest-xdist has it, leaves open who stops the server
left      servers of `two` alive 3 s after pytest ended in the middle of a test: by SIGKILL, by os._exit, and at the
          end of a run with `-n 2` in which one worker was killed by SIGKILL. Also those alive right after a normal end

Contenders alternate; figures are medians with minimum and maximum, counts of servers are the largest seen. Each run
has a folder of its own, and a variable in its environment by which its processes are found and ended afterwards.
Servers end by themselves after 5 minutes. The result is JSON on stdout, and a table on stderr. Usage:

    pip install pytest-xprocess mirakuru  # one that is missing is left out
    python bench/testing.py [--tests 200] [--repeat 5] [--only prox,popen] [--tiny]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "BENCH_RUN"
LEFT_SECONDS = 3.0
RUN_SECONDS = 120.0
"""A pytest that takes longer is killed, and the benchmark fails."""
MAX_KILL_ROUNDS = 2
START_TESTS = 10
"""The tests of a suite of which only the start is measured."""
STACKS = {"one": 1, "two": 2}
KILLS = ("SIGKILL of pytest", "os._exit in a test", "SIGKILL of a worker")

SERVER = """
import http.server, os, signal, sys, time, urllib.request

signal.alarm(300)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

with open(os.environ["BENCH_STARTS"], "a") as starts:
    starts.write(f"{os.getpid()}\\n")
if len(sys.argv) > 2:
    urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[2]}/", timeout=5).read()
time.sleep(0.2)
server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
print("listening", flush=True)
server.serve_forever()
"""

TESTS = """
import http.client, json, os, time
from urllib.parse import urlsplit
import pytest

began = []

@pytest.fixture(scope="module", autouse=True)
def _write_times():
    yield
    with open(f"times-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.json", "w") as file:
        json.dump(began, file)

def fetch(url):
    if url is None:
        return
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"ok")
    connection.close()
"""

MANY = """
@pytest.mark.parametrize("number", range({tests}))
def test_request(number, url):
    began.append(time.monotonic())
    fetch(url)
"""

# One test of all stays in its body until it, or its pytest, is killed; `exits`: it ends pytest itself.
KILLED = """
@pytest.mark.parametrize("number", range(8))
def test_request(number, url):
    fetch(url)
    try:
        descriptor = os.open("taken", os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return
    os.close(descriptor)
    with open("pid.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename("pid.new", "pid")
    if {exits}:
        os._exit(3)
    time.sleep(60)
"""

PEER = """
import http.client, os, socket, subprocess, sys, time
import pytest

SERVERS = {servers}
SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "server.py")

def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]

def command(port, needed):
    return [sys.executable, SERVER, str(port), *([str(needed)] if needed else [])]
"""

EMPTY = """
import pytest

@pytest.fixture
def url():
    return None
"""

POPEN = """
def wait_until_ready(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError

@pytest.fixture(scope="session")
def url():
    processes, port = [], None
    try:
        for _ in range(SERVERS):
            needed, port = port, free_port()
            processes.append(subprocess.Popen(command(port, needed), stdout=subprocess.DEVNULL))
            wait_until_ready(port, processes[-1])
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(10)
"""

MIRAKURU = """
from contextlib import ExitStack
from mirakuru import HTTPExecutor

@pytest.fixture(scope="session")
def url():
    port = None
    with ExitStack() as stack:
        for _ in range(SERVERS):
            needed, port = port, free_port()
            stack.enter_context(HTTPExecutor(command(port, needed), url=f"http://127.0.0.1:{port}/", timeout=30))
        yield f"http://127.0.0.1:{port}"
"""

XPROCESS = """
from xprocess import ProcessStarter

@pytest.fixture(scope="session")
def url(xprocess):
    worker, names, port = os.environ.get("PYTEST_XDIST_WORKER", "main"), [], None
    for number in range(SERVERS):
        needed, port = port, free_port()

        class Starter(ProcessStarter):
            pattern = "listening"
            timeout = 30
            terminate_on_interrupt = True
            args = command(port, needed)
            env = dict(os.environ)

        names.append(f"web-{number}-{worker}")
        xprocess.ensure(names[-1], Starter)
    yield f"http://127.0.0.1:{port}"
    for name in reversed(names):
        xprocess.getinfo(name).terminate()
"""

PROX = """
import pytest

@pytest.fixture
def url(prox):
    return prox["web"].url
"""

PROX_YAML = {
    1: """
processes:
  web: {cmd: "exec $PYTHON server.py $PORT", port: auto, healthcheck: {http: /}}
""",
    2: """
processes:
  base: {cmd: "exec $PYTHON server.py $PORT", port: auto, healthcheck: {http: /}}
  web: {cmd: "exec $PYTHON server.py $PORT $PROX_PORT_BASE", port: auto, healthcheck: {http: /}, depends_on: [base]}
""",
}


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    package: str | None
    """The distribution that must be installed."""
    conftest: str
    plugin: str | None = None


CONTENDERS = (
    Contender("empty", None, EMPTY),
    Contender("popen", None, PEER + POPEN),
    Contender("mirakuru", "mirakuru", PEER + MIRAKURU),
    Contender("xprocess", "pytest-xprocess", PEER + XPROCESS, plugin="xprocess.pytest_xprocess"),
    Contender("prox", "prox", PROX, plugin="prox.testing.plugin"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The amount of work."""

    tests: int
    repeat: int
    workers: int = 4
    stacks: tuple[str, ...] = tuple(STACKS)
    """Those of which the start is measured."""
    kills: tuple[str, ...] = KILLS


TINY = Plan(tests=4, repeat=1, workers=2, stacks=("one",), kills=KILLS[:1])


@dataclass(slots=True)
class Samples:
    """What was measured of one contender."""

    start: dict[str, list[float]] = field(default_factory=dict)
    """By stack."""
    per_test: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    xdist_total: list[float] = field(default_factory=list)
    xdist_servers: list[int] = field(default_factory=list)
    xdist_status: list[int] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=200, help="tests in a suite, at least 2")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", default="", help="contenders, comma-separated: " + ", ".join(names()))
    parser.add_argument("--tiny", action="store_true", help="one short run, without some of the cases: below 30 s")
    options = parser.parse_args()
    plan = TINY if options.tiny else Plan(max(2, options.tests), max(1, options.repeat))
    contenders = present(options.only.split(",") if options.only else names())
    signal.signal(signal.SIGTERM, stop)
    samples = measure(contenders, plan)
    left = measure_left(contenders, plan)
    result = {
        "versions": versions(contenders),
        "tests": plan.tests,
        "repeat": plan.repeat,
        "workers": plan.workers,
        "cpus": os.cpu_count(),
        "contenders": summarize(samples),
        "left_after_3_seconds": left,
    }
    print(json.dumps(result, indent=2))
    show(result)


def stop(number: int, frame: object) -> NoReturn:
    """Leave by an exception, so that processes are ended."""
    raise SystemExit(128 + number)


def names() -> list[str]:
    return [contender.name for contender in CONTENDERS]


def present(wanted: list[str]) -> list[Contender]:
    """Return the wanted contenders that are installed, with the baselines, which always run."""
    if unknown := set(wanted) - set(names()):
        raise SystemExit(f"unknown contender {', '.join(sorted(unknown))}; known: {', '.join(names())}")
    found = []
    for contender in CONTENDERS:
        if contender.name not in {*wanted, "empty", "popen"}:
            continue
        if contender.package and version(contender.package) is None:
            print(f"{contender.name} is left out: pip install {contender.package}", file=sys.stderr)
        else:
            found.append(contender)
    return found


def version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def versions(contenders: list[Contender]) -> dict[str, str | None]:
    packages = ["pytest", "pytest-xdist", *(each.package for each in contenders if each.package)]
    return {"python": sys.version.split()[0], **{package: version(package) for package in packages}}


# -- one run of pytest


class Run:
    """A pytest on a suite in a folder of its own, with the variable that marks its processes."""

    def __init__(self, folder: Path, contender: Contender, servers: int, test_file: str) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        (folder / "server.py").write_text(SERVER)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "prox.yaml").write_text(PROX_YAML[servers])
        (folder / "conftest.py").write_text(contender.conftest.replace("{servers}", str(servers)))
        (folder / "test_it.py").write_text(TESTS + test_file)
        self._plugins = [contender.plugin] if contender.plugin else []

    def start(self, workers: int = 0) -> subprocess.Popen[bytes]:
        plugins = [*self._plugins, "xdist.plugin"] if workers else self._plugins
        command = [sys.executable, "-m", "pytest", "-q", *(f"-p{plugin}" for plugin in plugins)]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PROX_"))}
        env |= {
            MARK: self.mark,
            "BENCH_STARTS": str(self.folder / "starts"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHON": sys.executable,
        }
        with open(self.folder / "output", "wb") as output:
            return subprocess.Popen(
                [*command, *(["-n", str(workers)] if workers else [])],
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")[-4000:]

    def servers_started(self) -> int:
        return len(self._server_pids())

    def servers_alive(self) -> int:
        return sum(self._owns(pid) for pid in self._server_pids())

    def _server_pids(self) -> list[int]:
        """Return the pids that the servers wrote as they started."""
        starts = self.folder / "starts"
        return [int(line) for line in starts.read_text().split()] if starts.exists() else []

    def times(self) -> list[float]:
        """Return when the bodies of tests began, in all workers."""
        return sorted(at for file in self.folder.glob("times-*.json") for at in json.loads(file.read_text()))

    def processes(self) -> list[psutil.Process]:
        """Return the processes of this run that live."""
        return [process for process in psutil.process_iter() if self._owns(process.pid)]

    def _owns(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            return process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            return False

    def end(self) -> None:
        """Kill all processes of this run, until none is found twice in a row: one may be starting another one."""
        nothing = 0
        while nothing < 2:
            found = self.processes()
            for process in found:
                with suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(found, timeout=5)
            nothing = 0 if found else nothing + 1


@contextmanager
def running(contender: Contender, servers: int, test_file: str) -> Iterator[Run]:
    """Make a suite in a temporary folder; end whatever it has started at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        run = Run(Path(folder), contender, servers, test_file)
        try:
            yield run
        finally:
            run.end()


# -- times, and servers with xdist


def measure(contenders: list[Contender], plan: Plan) -> dict[str, Samples]:
    found = {contender.name: Samples() for contender in contenders}
    measure_once(contenders[0], "one", plan.tests, Samples())  # so that the first one that counts has warm caches
    for number in range(plan.repeat):
        for contender in contenders:
            print(f"{number + 1}/{plan.repeat} {contender.name}", file=sys.stderr)
            into = found[contender.name]
            measure_once(contender, "one", plan.tests, into)
            if contender.name == "empty":
                continue
            if "two" in plan.stacks:
                measure_once(contender, "two", min(plan.tests, START_TESTS), into)
            measure_xdist_once(contender, plan.tests, plan.workers, into)
    return found


def measure_once(contender: Contender, stack: str, tests: int, into: Samples) -> None:
    with running(contender, STACKS[stack], MANY.format(tests=tests)) as run:
        begun = time.monotonic()
        status = run.start().wait(RUN_SECONDS)
        ended = time.monotonic()
        into.left.append(run.servers_alive())
        times = run.times()
        if status != 0 or len(times) != tests:
            raise SystemExit(f"{contender.name} failed:\n{run.output()}")
        into.start.setdefault(stack, []).append(times[0] - begun)
        if stack == "one":
            into.total.append(ended - begun)
            into.per_test.append((times[-1] - times[0]) / (tests - 1))


def measure_xdist_once(contender: Contender, tests: int, workers: int, into: Samples) -> None:
    with running(contender, STACKS["two"], MANY.format(tests=tests)) as run:
        begun = time.monotonic()
        status = run.start(workers).wait(RUN_SECONDS)
        into.xdist_total.append(time.monotonic() - begun)
        into.left.append(run.servers_alive())
        into.xdist_servers.append(run.servers_started())
        into.xdist_status.append(status)
        if status != 0:
            print(f"{contender.name} with -n {workers} failed:\n{run.output()}", file=sys.stderr)


# -- what is left


def measure_left(contenders: list[Contender], plan: Plan) -> dict[str, dict[str, dict[str, Any]]]:
    """Return, by contender and kind of end, the largest counts of ``left_after``; contenders run at the same time."""
    with_servers = [contender for contender in contenders if contender.name != "empty"]
    rounds = min(plan.repeat, MAX_KILL_ROUNDS)
    jobs = [(contender, kill) for _ in range(rounds) for kill in plan.kills for contender in with_servers]
    print(f"ending pytest {len(jobs)} times", file=sys.stderr)
    with ThreadPoolExecutor(len(with_servers)) as pool:
        counts = list(pool.map(left_after, *zip(*jobs, strict=True)))
    found: dict[str, dict[str, dict[str, Any]]] = {contender.name: {} for contender in with_servers}
    for (contender, kill), each in zip(jobs, counts, strict=True):
        known = found[contender.name].setdefault(kill, each)
        known |= {key: max(known[key], each[key]) for key in each}
    return found


def left_after(contender: Contender, kill: str) -> dict[str, Any]:
    """Return the processes alive 3 s after the end of pytest, and when the last server was gone."""
    with running(contender, STACKS["two"], KILLED.format(exits=kill.startswith("os._exit"))) as run:
        is_worker = kill.endswith("worker")
        popen = run.start(workers=2 if is_worker else 0)
        pid = wait_for_pid(run, popen)
        if not kill.startswith("os._exit"):
            os.kill(pid, signal.SIGKILL)
        popen.wait(RUN_SECONDS)
        ended = time.monotonic()
        last_seen = 0.0
        while (since := time.monotonic() - ended) < LEFT_SECONDS:
            if run.servers_alive():
                last_seen = since
            time.sleep(0.1)
        return {
            "servers_started": run.servers_started(),
            "servers_left": run.servers_alive(),
            "processes_left": len(run.processes()),
            "last_server_seen_seconds": round(last_seen, 2),
        }


def wait_for_pid(run: Run, popen: subprocess.Popen[bytes]) -> int:
    """Return the pid of the process that is in the middle of a test."""
    file, deadline = run.folder / "pid", time.monotonic() + RUN_SECONDS
    while not file.exists():
        if popen.poll() is not None and not file.exists():
            raise SystemExit(f"pytest ended before its test began:\n{run.output()}")
        if time.monotonic() > deadline:
            raise SystemExit(f"no test began:\n{run.output()}")
        time.sleep(0.02)
    return int(file.read_text())


# -- the result


def summarize(samples: dict[str, Samples]) -> dict[str, dict[str, Any]]:
    baseline = statistics.median(samples["empty"].start["one"])
    found = {name: summarize_one(each, 0.0 if name == "empty" else baseline) for name, each in samples.items()}
    for name, each in found.items():
        if name != "empty":
            each["ratio_to_popen"] = ratios(each, found["popen"])
    return found


def summarize_one(samples: Samples, baseline: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        "start_seconds": {
            stack: spread([value - baseline for value in values]) for stack, values in samples.start.items()
        },
        "per_test_ms": spread([value * 1000 for value in samples.per_test]),
        "total_seconds": spread(samples.total),
        "servers_left_at_normal_end": max(samples.left),
    }
    if samples.xdist_total:
        found["xdist"] = {
            "total_seconds": spread(samples.xdist_total),
            "servers_started": max(samples.xdist_servers),
            "all_passed": not any(samples.xdist_status),
        }
    return found


def spread(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


def ratios(one: dict[str, Any], popen: dict[str, Any]) -> dict[str, float | None]:
    """Return the ratios of the medians to those of plain Popen."""
    start, plain = one["start_seconds"], popen["start_seconds"]
    return {
        **{f"start_{stack}": ratio(start[stack], plain[stack]) for stack in start},
        "per_test": ratio(one["per_test_ms"], popen["per_test_ms"]),
        "total": ratio(one["total_seconds"], popen["total_seconds"]),
        "xdist_total": ratio(one["xdist"]["total_seconds"], popen["xdist"]["total_seconds"]),
    }


def ratio(one: dict[str, float], other: dict[str, float]) -> float | None:
    return round(one["median"] / other["median"], 2) if other["median"] > 0 else None


def show(result: dict[str, Any]) -> None:
    """Write the tables to stderr."""
    lines = ["", ", ".join(f"{package} {found}" for package, found in result["versions"].items())]
    lines.append(f"{result['tests']} tests, {result['repeat']} runs: median (min to max), × plain Popen")
    headings = ("start one, s", "start two, s", "per test, ms", f"-n {result['workers']}, s")
    lines += ["", row("", *headings, "servers  passed")]
    lines += [row(name, *cells_of(each)) for name, each in result["contenders"].items()]
    lines += ["", row("servers left", *next(iter(result["left_after_3_seconds"].values())))]
    for name, ends in result["left_after_3_seconds"].items():
        lines.append(row(name, *(f"{each['servers_left']} of {each['servers_started']}" for each in ends.values())))
    print("\n".join(lines), file=sys.stderr)


def row(label: str, *cells: str) -> str:
    return f"{label:<14}{''.join(f'{text:<31}' for text in cells)}".rstrip()


def cells_of(found: dict[str, Any]) -> Iterator[str]:
    times = found.get("ratio_to_popen", {})
    start, xdist = found["start_seconds"], found.get("xdist")
    yield cell(start["one"], times.get("start_one"))
    yield cell(start["two"], times.get("start_two")) if "two" in start else "-"
    yield cell(found["per_test_ms"], times.get("per_test"))
    yield cell(xdist["total_seconds"], times.get("xdist_total")) if xdist else "-"
    yield f"{xdist['servers_started']:<9}{'yes' if xdist['all_passed'] else 'NO'}" if xdist else "-"


def cell(values: dict[str, float], times: float | None) -> str:
    text = f"{values['median']:.2f} ({values['min']:.2f} to {values['max']:.2f})"
    return text if times is None else f"{text} ×{times:.1f}"


if __name__ == "__main__":
    main()
