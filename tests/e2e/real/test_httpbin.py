"""httpbin under gunicorn, with two workers, under prox."""

from __future__ import annotations

import gzip
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.project import request
from helpers.real import live_a_life

if TYPE_CHECKING:
    from helpers.project import Project

pytestmark = pytest.mark.real("httpbin")

PROX_YAML = f"""
processes:
  httpbin:
    cmd: exec "{sys.executable}" -m gunicorn --workers 2 --bind 127.0.0.1:$PORT httpbin:app
    port: auto
    healthcheck: {{http: /status/204, status: [204]}}
"""


def test_httpbin_is_used_restarted_and_stopped(project: Project) -> None:
    project.write(PROX_YAML)
    live_a_life(project, "httpbin", works=works, logged="Listening at: http://127.0.0.1:")


def works(port: int) -> None:
    got = request("127.0.0.1", port, "GET", "/get?word=hello", headers={"X-Greeting": "hi"})
    assert got.status == 200
    assert got.json()["args"] == {"word": "hello"}
    assert got.json()["headers"]["X-Greeting"] == "hi"
    posted = request("127.0.0.1", port, "POST", "/post", b"x" * 100_000)
    assert posted.json()["data"] == "x" * 100_000
    assert request("127.0.0.1", port, "GET", "/status/418").status == 418
    assert b'"gzipped": true' in gzip.decompress(request("127.0.0.1", port, "GET", "/gzip").body)
    assert len(request("127.0.0.1", port, "GET", "/stream/20").body.splitlines()) == 20
