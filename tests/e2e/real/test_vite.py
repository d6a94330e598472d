"""Vite's development server under prox: a page, and TypeScript that it compiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.project import request
from helpers.real import VITE, live_a_life

if TYPE_CHECKING:
    from helpers.project import Project

pytestmark = pytest.mark.real("vite")

PROX_YAML = f"""
processes:
  vite:
    cmd: [sh, -c, 'exec node "$1" --host 127.0.0.1 --port "$PORT" --strictPort', vite, "{VITE}"]
    port: auto
    healthcheck: {{tcp: true}}
"""
PAGE = '<!doctype html><title>Vite under prox</title><script type="module" src="/main.ts"></script>'
MODULE = "const greeting: string = 'hello'; document.body.textContent = greeting\n"


def test_vite_is_used_restarted_and_stopped(project: Project) -> None:
    project.write(PROX_YAML)
    project.write(PAGE, "index.html")
    project.write(MODULE, "main.ts")
    live_a_life(project, "vite", works=works, logged="ready in")


def works(port: int) -> None:
    page = request("127.0.0.1", port, "GET", "/", headers={"Accept": "text/html"})
    assert page.status == 200
    assert b"<title>Vite under prox</title>" in page.body
    # What makes it a development server: its client is put into the page.
    assert b"/@vite/client" in page.body
    assert b"WebSocket" in request("127.0.0.1", port, "GET", "/@vite/client").body
    module = request("127.0.0.1", port, "GET", "/main.ts").body
    assert b"greeting" in module
    assert b": string" not in module
