"""`prox attach` without a terminal; tests/e2e/test_tui.py has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from helpers.project import Project


def test_the_terminal_of_one_process_is_not_in_this_version(prox: Callable[..., Any]) -> None:
    ran = prox("attach", "web")
    assert ran.returncode == 64
    assert "is not in this version; omit NAME" in ran.stderr


def test_without_an_instance_it_is_69(
    prox: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prox.yaml").write_text("processes: {web: exit 0}\n")
    monkeypatch.chdir(tmp_path)
    assert prox("attach").returncode == 69


def test_without_a_terminal_every_line_is_printed_until_the_end(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {web: 'echo ready; exec sleep 1000'}")
    project.run("up", "-d")
    with project.launch("attach") as attached:
        attached.wait_line("│ ready")
        project.run("down")
        assert attached.wait() == 0
