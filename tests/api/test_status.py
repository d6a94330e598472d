"""``GET /status``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import prox

if TYPE_CHECKING:
    from conftest import Api, Serve
    from helpers.project import Project


async def test_what_prox_does(api: Api, tmp_path: Path) -> None:
    status = await api.get("/status")
    assert type(status.pop("uptime_seconds")) is int
    assert status == {
        "status": "running",
        "config_file": None,
        "api_version": "v1",
        "version": prox.__version__,
        "instance": api.supervisor.instance,
        "pid": os.getpid(),
        "project_dir": str(tmp_path),
        "config_digest": None,
        "urls": {},
    }


def test_the_file_and_the_time(project: Project) -> None:
    path = project.write("processes: {api: exec sleep 1000}")
    with project.up():
        status = project.get("/status").json()
        assert status["config_file"] == str(path)
        assert status["status"] == "running"
        assert len(status["config_digest"]) == 16
        assert 0 <= status["uptime_seconds"] < 60
        assert status["instance"] == project.state()["instance"]


async def test_it_stops(serve: Serve) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 1000; done"
    async with serve(f'processes: {{api: "{stubborn}"}}\nshutdown_timeout: 1h') as api:
        await api.line("api", "ready")
        api.supervisor.shutdown()
        assert (await api.get("/status"))["status"] == "stopping"
        api.supervisor.kill()


async def test_a_folder_whose_name_is_no_unicode(serve: Serve, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    async with serve(folder=Path(os.fsdecode(folder))) as api:
        assert (await api.get("/status"))["project_dir"] == f"{tmp_path}/caf\N{REPLACEMENT CHARACTER}"
