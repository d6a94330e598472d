"""Commands that cannot be run, and what a person reads about them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prox.core.lifecycle import Exit
from prox.system.spawning import SpawnFailed, spawn

if TYPE_CHECKING:
    from pathlib import Path

ENV = dict(os.environ)


@pytest.mark.parametrize(
    ("command", "cwd", "exit", "words"),
    [
        (("no-such-program",), "/", Exit(code=127), "not found"),
        (("/etc/passwd",), "/", Exit(code=126), "Permission denied"),
        ("true", "/no/such/folder", Exit(code=127), "its working directory /no/such/folder does not exist"),
        (("a\0b",), "/", Exit(code=126), "null byte"),
    ],
)
def test_what_cannot_be_run(command: str | tuple[str, ...], cwd: str, exit: Exit, words: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SpawnFailed, match=words) as caught:
        spawn(command, cwd=cwd, env=ENV)
    assert caught.value.exit == exit
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_script_without_interpreter_says_so(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo hi\n")
    script.chmod(0o755)
    with pytest.raises(SpawnFailed, match="#!") as caught:
        spawn((str(script),), cwd="/", env=ENV)
    assert caught.value.exit == Exit(code=126)
