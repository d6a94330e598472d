"""An instance for tests that press keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.project import Project

TEXT = r"""
logs: {buffer_lines: 50}
processes:
  web:
    cmd: |
      for n in 1 2 3 4 5 6 7 8; do echo "GET /page/$n"; done
      echo 'ERROR: web is broken'; echo '  at one'; echo '  at two'; echo 'after the trace'
      echo ready; exec sleep 1000
    healthcheck: {log: ready}
  api:
    cmd: echo '{"level":"warn","msg":"low disk","free":12}'; exec sleep 1000
    depends_on: [web]
  other: {cmd: "echo 'ERROR: other is broken'; exec sleep 1000", autostart: false}
  bad: exit 3
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """An instance for tests that look, and start and stop only ``other``."""
    from helpers.project import Project

    project = Project.create(tmp_path_factory.mktemp("tui"))
    project.write(TEXT)
    try:
        with project.up() as prox:
            prox.wait_line("low disk")
            prox.wait_line("bad crashed")
            yield project
    finally:
        project.close()


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
