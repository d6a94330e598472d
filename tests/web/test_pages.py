"""The dashboard in Chromium, against a real instance: views, names, actions, accessibility, hostile output."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.project import request
from helpers.real import VITE

if TYPE_CHECKING:
    from helpers.project import Project

pytestmark = [pytest.mark.real("vite"), pytest.mark.real("chromium")]

SCRIPT = Path(__file__).parent / "pages.mjs"
PROX_YAML = r"""
api: {port: 0}
logs: {buffer_lines: 5000}
proxy: {domain: localhost, http_port: 1}
services: {app: {process: app}, socket: {process: socket}}
processes:
  web:
    description: '<b>bold</b> description'
    env: {EVIL: '<img src=x onerror="window.hacked = 1">'}
    healthcheck: {cmd: 'echo "$EVIL"', interval: 1s}
    cmd: |
      n=0; while :; do n=$((n + 1)); echo "$n $EVIL<script>window.hacked = 1</script>"
      printf '\033[1;31mred %s\033[0m\n' "$n"; echo "ERROR: number $n failed" >&2; sleep 0.3; done
  many:
    depends_on: [web]
    cmd: seq -f 'line %.0f' 1 3000; exec sleep 1000
  traces: |
    echo 'ERROR: first'; seq -f 'line %.0f' 1 150
    printf 'java.lang.IllegalStateException: state\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)\n'
    seq -f 'line %.0f' 151 298; echo 'ERROR: last'; seq -f 'line %.0f' 299 300; exec sleep 1000
  folds: |
    echo 'first'; printf 'Traceback (most recent call last):\n  File "a.py", line 1\n    raise ValueError\n'
    echo 'ValueError: bad <b>number</b>'; echo '{"level":"warn","msg":"low <b>disk</b>","free":12,"at":{"x":[1]}}'
    echo 'Exception in thread "main" a.B: c'; seq -f '	at a.B.f%.0f(B.java:1)' 1 60
    echo 'level=error msg="two words" n=3 stack="one\\ntwo"'
    printf 'panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:4 +0x1d\n'; echo 'exit status 2'
    for n in 1 2 3 4 5 6 7 8 9; do seq -f "filler $n %.0f" 1 9; done; echo 'last'; exec sleep 1000
  app:
    port: auto
    healthcheck: {tcp: true}
    cmd: exec python3 -u -m http.server --bind 127.0.0.1 $PORT
  socket:
    port: auto
    healthcheck: {tcp: true}
    cmd: |
      exec python3 -c "
      import os, socket
      server = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))
      while True:
          connection = server.accept()[0]
          if connection.recv(65536):
              connection.sendall(b'HTTP/1.1 101 S\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n')
              connection.sendall(b'\\x81\\x28<script>window.hacked = \\'frame\\'</script>')
              while connection.recv(65536):
                  pass
              connection.close()
      "
  broken: exit 3
jobs:
  task: echo done
  check: {cmd: "echo '<script>window.hacked = 1</script>'; exit 3", depends_on: [task]}
"""


@pytest.mark.parametrize("part", ["views", "accessibility"])
def test_pages(project: Project, part: str) -> None:
    chromium = shutil.which("chromium")
    assert chromium
    project.write(PROX_YAML)
    with project.up("--http-port", "0") as prox:
        found = re.search(r"http://localhost:(\d+)", prox.wait_line("proxy: "))
        assert found
        assert project.run("wait", "app", "socket", "many", "--timeout", "20s").returncode == 0
        headers = {"Host": "app.localhost"}
        assert request("127.0.0.1", int(found[1]), "GET", "/", headers=headers).status == 200
        path = "/<script>window.hacked=1</script>"
        assert request("127.0.0.1", int(found[1]), "GET", path, headers=headers).status == 404
        assert project.run("run", "check").returncode == 3
        opened = open_websocket(int(found[1]))
        state = project.state()
        assert state
        base = f"http://127.0.0.1:{state['port']}"
        command = ["node", str(SCRIPT), str(VITE.parents[3]), chromium, base, part]
        run = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
        opened.close()
        assert run.returncode == 0, run.stdout + run.stderr


def open_websocket(port: int) -> socket.socket:
    """Open a WebSocket through the proxy, and return its socket after the first frames in both directions."""
    opened = socket.create_connection(("127.0.0.1", port), timeout=20)
    opened.sendall(b"GET /ws HTTP/1.1\r\nHost: socket.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    heard = b""
    while not heard.endswith(b"</script>"):
        heard += opened.recv(65536)
    opened.sendall(b"\x81\x85\0\0\0\0hello")
    return opened
