"""Test suites of other people: pytest in a folder, with the plugin of prox."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from helpers.leftovers import MARKER

if TYPE_CHECKING:
    from pathlib import Path

STACK = """
processes:
  db: {cmd: "echo db begins; exec sleep 1000", healthcheck: {log: begins}}
  api: {cmd: "echo api begins; exec sleep 1000", depends_on: [db], port: 8000}
  bad: {cmd: "echo the cause; exit 3", healthcheck: {log: never}, autostart: false}
"""


PLUGINS = ("-p", "prox.testing.plugin", "-p", "xdist", "-p", "pytest_timeout")


class Suite:
    """A test suite in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(folder), MARKER: os.environ[MARKER], "LANG": "C.UTF-8",
            # The plugins of this project's own tests take most of the time of a short run.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }  # fmt: skip
        self.stack(STACK)
        (folder / "pytest.ini").write_text("[pytest]\n")

    def stack(self, text: str) -> None:
        """Write prox.yaml."""
        (self.folder / "prox.yaml").write_text(text)
        (self.folder / "prox.yaml").chmod(0o644)

    def write(self, text: str, name: str = "test_it.py") -> None:
        (self.folder / name).write_text(text)

    def run(self, *args: str, program: str = "pytest") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*args, program=program),
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
        )

    def passes(self, *args: str, program: str = "pytest") -> str:
        """Run it, and return what it printed; all tests must pass."""
        ran = self.run(*args, program=program)
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def command(self, *args: str, program: str = "pytest") -> list[str]:
        plugins = PLUGINS if program == "pytest" and "PYTEST_DISABLE_PLUGIN_AUTOLOAD" in self.env else ()
        return [sys.executable, "-m", program, "-q", *plugins, *args]
