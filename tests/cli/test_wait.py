"""`prox wait`: what comes to hold, what cannot any more, and what takes too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.project import Project

    Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["web", "worker"], {"web is ready", "worker is ready"}),
        (["front"], {"web is ready"}),
        (["web", "--for", "healthy"], {"web is healthy"}),
        (["web", "worker", "--for", "running"], {"web is running", "worker is running"}),
        (["back", "--for", "completed", "done"], None),
        (["done", "--for", "completed"], {"done is completed"}),
        (["done", "broken", "--for", "stopped"], {"done is stopped", "broken is stopped"}),
        (["worker", "--log", "^job [35]$"], {"worker: job 3"}),
        (["broken", "web", "--log", "sorry|trouble"], {"broken: sorry", "web: trouble"}),
    ],
)
def test_what_holds(look: Run, arguments: list[str], expected: set[str] | None) -> None:
    ran = look("wait", *arguments, "--timeout", "20s" if expected else "100ms")
    if expected is None:
        assert (ran.returncode, ran.stderr) == (124, "prox: not completed after 0.1 s: worker\n")
        return
    assert (ran.returncode, ran.stderr) == (0, "")
    assert set(ran.stdout.splitlines()) == expected


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["broken"], "broken can no longer become ready: exited with code 3"),
        ([], "done can no longer become ready: it exited with code 0"),
        (["worker", "--for", "healthy"], "worker can no longer become healthy: it has no health check"),
        (["broken", "--for", "running"], "broken can no longer become running: exited with code 3"),
        (["broken", "--for", "completed"], "broken can no longer become completed: exited with code 3"),
    ],
)
def test_what_cannot_come(look: Run, arguments: list[str], said: str) -> None:
    ran = look("wait", *arguments, "--timeout", "20s")
    assert ran.returncode == 69
    assert ran.stderr == f"prox: {said}\n"


def test_a_line_that_one_of_them_cannot_write_any_more(look: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the others may."""
    monkeypatch.setattr("prox.cli.wait._DRAIN_SECONDS", 0.2)
    ran = look("wait", "worker", "done", "--log", "^never$", "--timeout", "20s")
    assert (ran.returncode, ran.stdout) == (69, "")
    assert ran.stderr == "prox: done exited without writing a matching line\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["web", "--for", "stopped", "--timeout", "100ms"], 124, "not stopped after 0.1 s: web"),
        (["worker", "--log", "^never$", "--timeout", "100ms"], 124, "no matching line after 0.1 s: worker"),
        (["wbe"], 64, "no process or group named 'wbe' (did you mean 'web'?)"),
        (["web", "--log", "("], 64, "the pattern '(' is not a regular expression (RE2): missing ): ("),
        (["web", "--timeout", "5"], 64, "invalid value for '--timeout': '5' has no unit"),
    ],
)
def test_what_fails_otherwise(look: Run, arguments: list[str], code: int, said: str) -> None:
    ran = look("wait", *arguments)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert ran.stderr.startswith(f"prox: {said}")


def test_what_comes_while_it_waits(project: Project) -> None:
    project.write("""
processes:
  web:
    cmd: until test -e go; do sleep 0.01; done; echo Listening; until test -e end; do sleep 0.01; done; exit 3
    healthcheck: {log: Listening}
  never: {cmd: exec sleep 1000, autostart: false}
""")
    with project.up() as prox:
        waits = [project.launch("wait", *arguments) for arguments in ([], ["--log", "Listen"], ["--for", "stopped"])]
        hopeless = project.launch("wait", "--for", "completed")
        assert project.client("wait", "web", "--timeout", "100ms").returncode == 124
        project.write("", "go")
        ready, log, stopped = waits
        assert (ready.wait(), ready.output) == (0, "web is ready\n")
        assert (log.wait(), log.output) == (0, "web: Listening\n")
        project.write("", "end")
        assert (stopped.wait(), stopped.output) == (0, "web is stopped\n")
        assert hopeless.wait() == 69
        assert hopeless.output == "prox: web can no longer become completed: exited with code 3\n"
        # An earlier run's line is none of this one's.
        (project.folder / "end").unlink()
        (project.folder / "go").unlink()
        assert project.client("restart", "web").returncode == 0
        again = project.launch("wait", "web", "--log", "Listen")
        assert project.client("wait", "web", "--log", "Listen", "--timeout", "100ms").returncode == 124
        project.write("", "go")
        assert again.wait() == 0
        # One that waits hears of the end.
        waiting = project.launch("wait", "web", "--for", "completed")
        assert project.client("wait", "web").returncode == 0
        prox.close()
        assert waiting.wait() == 69
