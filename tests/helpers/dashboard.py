"""Scripts that drive the dashboard in Chromium; a script can ask its test for a step, such as to stop prox."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.real import VITE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helpers.project import Answer, Project

FOLDER = Path(__file__).parents[1] / "web"
SECONDS = 100.0


def drive(script: str, values: Mapping[str, Any], steps: Mapping[str, Callable[[], Any]] | None = None) -> None:
    """Run a script of tests/web, which imports chromium.mjs, and fail with its stderr if it fails.

    `values` are its arguments, as JSON. `steps` are carried out when the script asks for them by name; the result, as
    JSON, is the answer.
    """
    chromium = shutil.which("chromium")
    assert chromium
    command = ["node", str(FOLDER / script), str(VITE.parents[3]), chromium, json.dumps(values)]
    with (
        tempfile.TemporaryFile("w+") as stderr,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True) as node,
    ):
        assert node.stdin
        assert node.stdout
        timer = threading.Timer(SECONDS, node.kill)
        timer.start()
        try:
            for line in node.stdout:
                answer = (steps or {})[line.strip()]()
                node.stdin.write(json.dumps(answer) + "\n")
                node.stdin.flush()
            node.wait()
        finally:
            timer.cancel()
            # The script closes its browser when its stdin ends.
            node.stdin.close()
            try:
                node.wait(10)
            except subprocess.TimeoutExpired:
                node.kill()
        stderr.seek(0)
        assert node.returncode == 0, stderr.read()


def link(project: Project) -> str:
    """Return the link that `prox open` prints."""
    opened = project.client("open", "--print")
    assert opened.returncode == 0, opened.stderr
    url = opened.stdout.strip()
    assert "/?ticket=" in url
    return url


def authorized(project: Project, path: str) -> Answer:
    """GET a path below /api/v1 with the token."""
    token = (Path(project.env["HOME"]) / ".prox" / "token").read_text().strip()
    return project.get(path, Authorization=f"Bearer {token}")


def cookie(project: Project) -> str:
    """Return the name of the instance's cookie."""
    return f"prox_{authorized(project, '/status').json()['instance']}"
