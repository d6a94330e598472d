"""What holds for all commands: the token, the messages, the codes; and those that need no instance."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.project import SECONDS

if TYPE_CHECKING:
    from helpers.project import Project


def test_the_token(project: Project) -> None:
    project.write("api: {auth: true}\nprocesses: {web: exec sleep 1000}")
    with project.up() as prox:
        token_file = Path(project.env["HOME"], ".prox", "token")
        token = token_file.read_text().strip()
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        assert project.get("/processes").status == 401
        assert project.get("/processes", Authorization=f"Bearer {token}").status == 200

        # A client that belongs to the project, and one that names a loopback address, send it by themselves.
        assert project.client("status").returncode == 0
        assert project.client("status", "--addr", prox.url).returncode == 0
        kept = token_file.rename(token_file.with_name("kept"))
        refused = project.client("status")
        assert refused.returncode == 1
        assert refused.stderr == (
            f"prox: {prox.url} requires a token: ~/.prox/token does not exist; pass the token with --token-file\n"
        )
        assert project.client("status", "--token-file", str(kept)).returncode == 0
        kept.write_text("x" * 20)
        wrong = project.client("--token-file", str(kept), "--addr", prox.url, "status")
        assert (wrong.returncode, wrong.stdout) == (1, "")
        assert re.fullmatch(r"prox: .*token.*\n", wrong.stderr)
        kept.write_text(token)
        assert project.client("down", "--token-file", str(kept)).returncode == 0
        assert prox.wait() == 0
    assert token not in prox.output
    written = [path for path in (project.folder / ".prox").rglob("*") if path.is_file()]
    assert not any(token in path.read_text() for path in written)


def test_where_no_token_can_be_made_nothing_is_started(project: Project) -> None:
    project.write("api: {auth: true}\nprocesses: {web: touch started}")
    Path(project.env["HOME"], ".prox").write_text("in its way")
    ran = project.run("up")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("prox: cannot create or read the token in ~/.prox/token: ")
    assert not (project.folder / "started").exists()
    assert project.state() is None


def test_a_home_that_cannot_be_used_hides_the_instance_and_says_so(project: Project) -> None:
    project.write("processes: {web: echo there}")
    Path(project.env["HOME"], ".prox").write_text("in its way")
    with project.up() as prox:
        prox.wait_line("`prox list` cannot show this instance: ")
        assert project.client("status").returncode == 0


def test_from_a_procfile_to_what_runs(project: Project) -> None:
    project.write("web: echo started\n", "Procfile")
    assert project.client("init").returncode == 0
    ran = project.run("up", "--exit-when-done")
    assert ran.returncode == 0
    assert re.search(r"web    │ started$", ran.stdout, re.MULTILINE)


SCRIPTS = {
    "bash": """
eval "$(prox completion bash)"
COMP_WORDS=(prox st); COMP_CWORD=1
_prox_completion prox; printf '%s\\n' "${COMPREPLY[@]}"
""",
    "zsh": """
compdef() { }; _describe() { print -l -- ${(P)3} }
eval "$(prox completion zsh)"
words=(prox st); CURRENT=2; _prox_completion
""",
    "fish": """
prox completion fish | source
complete -C 'prox st'
""",
}


@pytest.mark.parametrize("shell", [shell for shell in SCRIPTS if shutil.which(shell)])
def test_completion_in_a_shell(project: Project, shell: str) -> None:
    environment = project.env | {"PATH": f"{Path(sys.executable).parent}:{project.env['PATH']}"}
    ran = subprocess.run(
        [shell, "-c", SCRIPTS[shell]], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ran.stderr == ""
    assert {"start", "stop", "status"} <= set(re.split(r"[\s:]+", ran.stdout))
    assert "restart" not in ran.stdout
