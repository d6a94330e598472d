"""Completion in a shell: the scripts, and what they ask prox for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prox.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_PROX_COMPLETE" in capsys.readouterr().out


def test_completion_completes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_PROX_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "prox st")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run([]) == 0
    assert capsys.readouterr().out.split() == ["plain,start", "plain,stop", "plain,status"]


def test_a_shell_that_is_unknown_is_refused(prox: Callable[..., Any]) -> None:
    ran = prox("completion", "tcsh")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "'bash', 'zsh', 'fish'" in ran.stderr
