"""Chromium through the proxy: Vite's hot reload over a WebSocket, waiting pages, HTTPS with a trusted authority."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from helpers.browser import Browser
from helpers.real import VITE
from prox.proxy.trust import NICKNAME

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.project import Project

pytestmark = [pytest.mark.real("vite"), pytest.mark.real("chromium")]

PAGE = '<!doctype html><title>Vite</title><body><script type="module" src="/main.ts"></script></body>'
MODULE = """
const greeting: string = 'WORD'
document.body.append(greeting)
import.meta.hot?.accept(() => document.body.append(' accepted'))
"""
CONNECTED = "[vite] connected."
PROX_YAML = f"""
api: {{port: 0}}
processes:
  vite:
    cmd: until test -e go; do sleep 0.05; done; exec node "{VITE}" --host 127.0.0.1 --port $PORT --strictPort
    port: auto
proxy: {{domain: localhost, http_port: 1, https_port: 2}}
services: {{app: {{process: vite}}}}
certs: {{dir: certs}}
"""


def test_hot_reload_through_the_proxy(project: Project, tmp_path: Path) -> None:
    project.write(PROX_YAML)
    project.write(PAGE, "index.html")
    project.write(MODULE.replace("WORD", "hello"), "main.ts")
    with project.up("--http-port", "0", "--https-port", "0") as prox:
        found = re.search(r"http://localhost:(\d+), https://localhost:(\d+)", prox.wait_line("proxy: "))
        assert found
        store = tmp_path / "browser" / ".pki" / "nssdb"
        store.mkdir(parents=True)
        where = f"sql:{store}"
        subprocess.run(["certutil", "-N", "-d", where, "--empty-password"], check=True)
        authority = str(project.folder / "certs" / "ca.pem")
        subprocess.run(["certutil", "-A", "-d", where, "-t", "C,,", "-n", NICKNAME, "-i", authority], check=True)
        with Browser(tmp_path / "browser") as browser:
            # It is not up yet: the page says so, and loads itself again until it is.
            first = browser.goto(f"http://app.localhost:{found[1]}/")
            assert first["status"] == 503, first
            assert "vite is" in first["text"]
            project.write("", "go")
            assert "hello" in browser.wait("hello").get("text", "")
            # Vite tells of a change to those that are connected by then.
            assert "error" not in browser.wait_said(CONNECTED)
            # Hot: the module is taken over without a load of the page, so that the old text stays.
            change_module(project, "changed")
            shown = browser.wait("changed")
            assert "hello" in shown.get("text", ""), shown
            assert "accepted" in shown["text"]

            secure = browser.goto(f"https://app.localhost:{found[2]}/")
            assert secure.get("status") == 200, secure
            assert "error" not in browser.wait_said(CONNECTED)
            change_module(project, "over TLS")
            assert "over TLS" in browser.wait("over TLS").get("text", "")
        records = project.get("/proxy/requests?min_status=101&max_status=101").json()["requests"]
        assert {record["scheme"] for record in records} == {"http", "https"}
        assert all(record["frames_received"] >= 1 for record in records)
        # What Vite says by the WebSocket can be read.
        ran = project.run("requests", records[-1]["id"], "--body")
        assert re.search(r'← \S+ text \d+ B \{"type":"connected"\}', ran.stdout), ran.stdout


def change_module(project: Project, word: str) -> None:
    """Replace the module as a whole: Vite may read a file between its truncation and its text."""
    project.write(MODULE.replace("WORD", word), "main.ts.new").replace(project.folder / "main.ts")
