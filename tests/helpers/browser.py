"""Headless Chromium with a throw-away profile, driven by Playwright in Node.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from helpers.real import VITE

if TYPE_CHECKING:
    from types import TracebackType

SCRIPT = Path(__file__).parents[1] / "e2e" / "real" / "browser.mjs"


class Browser:
    """A browser whose HOME is ``home``: its certificate store is ``home/.pki/nssdb``."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __enter__(self) -> Self:
        chromium = shutil.which("chromium")
        assert chromium
        (self._home / "profile").mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            ["node", str(SCRIPT), str(VITE.parents[3]), str(self._home / "profile"), chromium],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"HOME": str(self._home)},
        )
        assert self._read() == {"ready": True}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=30)

    def goto(self, url: str) -> dict[str, Any]:
        """Open a page; return its status and text, or the error."""
        return self._command({"goto": url})

    def wait(self, text: str) -> dict[str, Any]:
        """Wait until the page shows a text; return its text, or the error."""
        return self._command({"wait": text})

    def wait_said(self, text: str) -> dict[str, Any]:
        """Wait until the page has written a text to its console; return all that it has written, or the error."""
        return self._command({"said": text})

    def _command(self, command: dict[str, str]) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the browser has ended"
        found: dict[str, Any] = json.loads(line)
        return found
