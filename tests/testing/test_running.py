"""``prox.testing.up`` runs a stack during a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from prox.testing.failures import StartFailure
from prox.testing.running import up

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
processes:
  web: {cmd: "exec sleep 1000", port: 8000, autostart: false}
  other: {cmd: "exec sleep 1000", autostart: false}
  bad: {cmd: exit 3, healthcheck: {log: never}, autostart: false}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "prox.yaml").write_text(TEXT)
    (tmp_path / "prox.yaml").chmod(0o644)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    return tmp_path


def test_named_processes_run_until_the_end_of_the_block(folder: Path) -> None:
    """The configuration is found in a parent of the current directory."""
    with up("web", env={"MODE": "test"}) as stack:
        pid = stack["web"].pid
        assert psutil.Process(pid).environ()["MODE"] == "test"
        assert stack["web"].port != 8000
        assert stack._instance.state("other")["pid"] == 0
    assert not psutil.pid_exists(pid)
    assert not (folder / ".prox").exists()


def test_a_process_that_fails_ends_everything(folder: Path) -> None:
    with pytest.raises(StartFailure, match="bad is not ready: exited with code 3"), up("web", "bad"):
        pytest.fail("not reached")


def test_an_unknown_name_is_a_key_error(folder: Path) -> None:
    with pytest.raises(KeyError, match="no process or job named 'nope'"), up("nope", config="../prox.yaml"):
        pytest.fail("not reached")
