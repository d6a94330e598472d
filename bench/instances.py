"""An instance of prox in the background, in a folder of its own, and its HTTP API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.sessions import PATIENCE_SECONDS, Reports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROX = [sys.executable, "-m", "prox"]


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance. ``reports``: what its processes report of themselves."""

    folder: Path
    pid: int
    port: int
    reports: Reports

    def get(self, path: str) -> Any:
        return json.loads(self._ask("GET", path))

    def start(self, process: str) -> None:
        self._ask("POST", f"/processes/{process}/start")

    def _ask(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            body: bytes = answer.read()
        return body


@contextmanager
def instance(processes: Mapping[str, object], logs: Mapping[str, object] | None = None) -> Iterator[Instance]:
    """Run `prox up -d` for some processes; end it with `prox down`, which must succeed."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        reports = Reports(folder / "reports", "prox")
        settings = {"api": {"port": 0}, "logs": logs or {}, "processes": processes}
        (folder / "prox.yaml").write_text(json.dumps(settings))
        try:
            _prox(folder, "up", "--detach")
            state = json.loads((folder / ".prox/prox.state").read_text())
            try:
                yield Instance(folder, state["pid"], state["port"], reports)
            finally:
                _end(folder, state["pid"])
        finally:
            reports.close()


def _end(folder: Path, pid: int) -> None:
    try:
        _prox(folder, "down")
    except BaseException:
        # Its watchdog ends what it ran.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        raise


def _prox(folder: Path, *arguments: str) -> None:
    environment = os.environ | {"HOME": str(folder), "BENCH_PIPE": str(folder / "reports")}
    subprocess.run(
        [*PROX, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
