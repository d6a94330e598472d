"""ui: the terminal UI and the dashboard: lines taken in, memory, keys under load, frames while scrolling, idle CPU.

The bars are the limits of the user interfaces' contract. Textual's own logs are measured beside the store of prox.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bench.figures import Bar, Figure, Row, Scale
from bench.programs import SOURCES
from bench.trees import cost

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / ".real" / "vite"
PROX = [sys.executable, "-P", "-m", "prox"]
LINE = "GET /api/users/{} 200 in {} ms, 1234 bytes for client number {}, of all clients that there are"
FLOOD = """
import os, time
line = b"GET /api/users/12345 200 in 17 ms, 1234 bytes for a client\\n" * 500
begin, sent = time.monotonic(), 0
while True:
    os.write(1, line)
    sent += 500
    time.sleep(max(0, begin + sent / 50_000 - time.monotonic()))
"""
"""A process that writes 50,000 lines a second."""
FRAME_MS = 1000 / 60


def measure(scale: Scale) -> Iterator[Row]:
    yield _lines(scale)
    yield _memory(scale)
    yield from _keys(scale)
    yield _idle(scale)
    if (chromium := shutil.which("chromium")) and (PACKAGES / "node_modules" / "playwright-core").is_dir():
        yield _frames(scale, chromium)


def _chunks(count: int, size: int = 500) -> list[bytes]:
    """Return lines as the stream has them: lists of records in JSON."""
    records = [
        {
            "id": str(10**17 + number),
            "timestamp": f"2025-01-19T10:32:{number // 1000 % 60:02d}.{number % 1000:03d}Z",
            "process": f"p{number % 5}",
            "stream": "stdout",
            "line": LINE.format(number, number % 97, number % 13),
            "level": None,
        }
        for number in range(count)
    ]
    return [msgspec.json.encode(records[begin : begin + size]) for begin in range(0, count, size)]


def _lines(scale: Scale) -> Row:
    """Take in lines: decoded and stored by prox; written to the logs that Textual has."""
    from prox.tui.line_store import LineStore
    from prox.tui.records import Record

    count = scale.of(200_000, 2000)
    chunks, decoder = _chunks(count), msgspec.json.Decoder(list[Record])
    ours, rich_log, log = [], [], []
    few = scale.of(5000, 100)
    for _ in range(scale.rounds):
        store = LineStore()
        begun = time.perf_counter()
        for chunk in chunks:
            store.extend(decoder.decode(chunk))
        ours.append(count / (time.perf_counter() - begun))
        rich_log.append(few / asyncio.run(_textual("RichLog", few)))
        log.append(few / asyncio.run(_textual("Log", few)))
    figures = {"prox": Figure.of(ours), "Textual Log": Figure.of(log), "Textual RichLog": Figure.of(rich_log)}
    note = f"prox decodes and stores {count:,} lines; the others get {few:,} lines as text"
    return Row("lines into the terminal UI", "lines/s", figures, Bar(value=50_000), more_is_better=True, note=note)


async def _textual(kind: str, count: int) -> float:
    """Return the seconds that a log of Textual takes for lines, one call each, drawn at the end."""
    from textual import widgets
    from textual.app import App, ComposeResult

    class Logging(App[None]):
        def compose(self) -> ComposeResult:
            yield getattr(widgets, kind)()

    app = Logging()
    async with app.run_test(size=(120, 40)) as pilot:
        widget: Any = app.query_one(getattr(widgets, kind))
        begun = time.perf_counter()
        for number in range(count):
            text = LINE.format(number, number % 97, number % 13)
            widget.write_line(text) if kind == "Log" else widget.write(text)
        await pilot.pause()
        return time.perf_counter() - begun


MEMORY = """
import sys, json, resource, msgspec
from bench.axes.ui import _chunks
from prox.tui.line_store import LineStore
from prox.tui.records import Record
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
count, decoder = int(sys.argv[1]), msgspec.json.Decoder(list[Record])
chunks = _chunks(min(count, 10_000))
store, before = LineStore(), resident()
while len(store) < count:
    for chunk in chunks:
        store.extend(decoder.decode(chunk))
print(json.dumps((resident() - before) / 2**20))
"""


def _memory(scale: Scale) -> Row:
    count = scale.of(1_000_000, 20_000)
    found = []
    for _ in range(scale.rounds):
        command = [sys.executable, "-c", MEMORY, str(count)]
        found.append(float(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout))
    figures = {"prox": Figure.of(found)}
    return Row(f"memory for {count:,} lines in the terminal UI", "MiB", figures, Bar(value=200 * 10**6 / 2**20))


@contextmanager
def _instance(text: str) -> Iterator[tuple[Path, dict[str, str], str]]:
    """Run a project; yield its folder, its environment and the base URL of its API."""
    with tempfile.TemporaryDirectory(prefix="prox-bench-") as base:
        folder, home = Path(base, "project"), Path(base, "home")
        folder.mkdir()
        home.mkdir()
        (folder / "flood.py").write_text(FLOOD)
        (folder / "prox.yaml").write_text(text)
        env = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
        env |= {"HOME": str(home), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        started = subprocess.run([*PROX, "up", "-d"], cwd=folder, env=env, capture_output=True, text=True, check=True)
        try:
            yield folder, env, started.stdout.split()[-1]
        finally:
            subprocess.run([*PROX, "down"], cwd=folder, env=env, capture_output=True, check=False)


class _Attached:
    """`prox attach` on a pseudo-terminal, whose output is only searched, so that drawing it here takes no time."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(PROX[0], [*PROX, "attach"], env)
        termios.tcsetwinsize(self._terminal, (40, 120))

    def press(self, key: bytes, wanted: bytes) -> float:
        """Press a key; return the seconds until a text is drawn."""
        begun = time.perf_counter()
        os.write(self._terminal, key)
        return self.wait(wanted) - begun

    def wait(self, wanted: bytes) -> float:
        """Return the time at which a text is drawn."""
        seen = b""
        while wanted not in seen:
            if not select.select([self._terminal], [], [], 20)[0]:
                raise AssertionError(f"{wanted!r} is not drawn")
            seen = seen[-1000:] + os.read(self._terminal, 65536)
        return time.perf_counter()

    def read_for(self, seconds: float) -> None:
        """Read what is drawn for a time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._terminal], [], [], left)[0]:
                os.read(self._terminal, 65536)

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


def _keys(scale: Scale) -> Iterator[Row]:
    """Press keys while lines flood in: help opens and closes, each time drawn anew."""
    times: dict[str, list[float]] = {}
    for name, text in (
        ("50,000 lines/s", f"api: {{port: 0}}\nprocesses: {{flood: '{sys.executable} flood.py'}}\n"),
        ("no lines", "api: {port: 0}\nprocesses: {quiet: exec sleep 1000}\n"),
    ):
        with _instance(text) as (folder, env, _):
            ui = _Attached(folder, env)
            try:
                ui.wait(b"running")
                ui.read_for(scale.of(3, 1))
                found = times[name] = []
                for _ in range(scale.of(40, 3)):
                    found.append(ui.press(b"?", b"previous-run") * 1000)
                    ui.read_for(0.05)
                    found.append(ui.press(b"\t", b"following") * 1000)
                    ui.read_for(0.05)
            finally:
                ui.close()
    for name, found in times.items():
        found.sort()
        figures = {"prox": Figure.of(found), "95th percentile": Figure.of([found[int(len(found) * 0.95)]])}
        yield Row(f"key to screen, {name}", "ms", figures, Bar(value=50))


def _idle(scale: Scale) -> Row:
    """The CPU time of an attached terminal UI while nothing changes."""
    seconds = scale.of(20, 1)
    with _instance("api: {port: 0}\nprocesses: {quiet: exec sleep 1000}\n") as (folder, env, _):
        ui = _Attached(folder, env)
        try:
            ui.wait(b"running")
            ui.read_for(scale.of(3, 1))
            before = cost([ui.pid])
            ui.read_for(seconds)
            nanoseconds, waits = cost([ui.pid]) - before
        finally:
            ui.close()
    share = nanoseconds / 1e9 / seconds * 100
    note = f"{waits / seconds:.1f} wake-ups a second"
    return Row("CPU of an idle terminal UI", "% of a core", {"prox": Figure.of([share])}, Bar(value=1), note=note)


def _frames(scale: Scale, chromium: str) -> Row:
    """Scroll a log of 200,000 lines in Chromium; frames that took longer than one and a half intervals are dropped."""
    count = scale.of(200_000, 2000)
    text = (
        "api: {port: 0}\nprocesses:\n  quiet: echo ready; exec sleep 1000\n"
        f"  many: {{cmd: 'seq -f \"line %.0f of a log\" {count}; exec sleep 1000', autostart: false}}\n"
    )
    with _instance(text) as (_, _, url):
        command = ["node", str(SOURCES / "scroll.mjs"), str(PACKAGES), chromium, url, str(count)]
        ran = subprocess.run([*command, str(scale.of(5, 1))], capture_output=True, text=True, check=True, timeout=120)
    frames = json.loads(ran.stdout)
    dropped = sum(max(0, round(each / FRAME_MS) - 1) for each in frames)
    share = {"prox": Figure.of([100 * dropped / (len(frames) + dropped)])}
    worst = max(frames)
    note = f"{len(frames)} frames, the longest {worst:.1f} ms; Chromium {_version(chromium)}, headless, without a GPU"
    return Row("frames dropped while scrolling the dashboard's log", "%", share, Bar(value=1), note=note)


def _version(chromium: str) -> str:
    said = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"[\d.]+", said)
    return found[0] if found else said.strip()
