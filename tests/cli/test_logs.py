"""`prox logs`: of an instance that runs, and of one that has ended."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.project import Project

    Run = Callable[..., Any]

LINE = re.compile(r"^(\d\d:\d\d:\d\d) (\S+) *│ (.*)$", re.MULTILINE)


def shown(run: Run, *arguments: str) -> list[tuple[str, str]]:
    """The process and the text of each line that `prox logs` shows."""
    ran = run("logs", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = LINE.findall(ran.stdout)
    assert len(lines) == len(ran.stdout.splitlines())
    return [(name, text) for _, name, text in lines]


LISTENING = ("web", "Listening on PORT")
JOBS = [("worker", f"job {n}") for n in range(1, 6)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["worker"], JOBS),
        (["worker", "-n", "2"], JOBS[3:]),
        (["-n", "0"], []),
        (["--stream", "stderr"], [("web", "trouble")]),
        (["web", "--stream", "stdout"], [("web", "plain"), ("web", "green cleared"), LISTENING]),
        (["--pattern", "ning on"], [LISTENING]),
        (["--pattern", "^job [24]$", "--regex"], [JOBS[1], JOBS[3]]),
        (["--pattern", "^job"], []),
        (["--pattern", "", "--regex", "worker"], JOBS),
        (["--since", "1h", "worker"], JOBS),
        (["--since", "1h", "worker", "-n", "1"], JOBS[4:]),
        (["--since", "2099-01-01T00:00:00Z"], []),
    ],
)  # fmt: skip
def test_which_lines(look: Run, looked_at: Project, arguments: list[str], expected: list[tuple[str, str]]) -> None:
    port = str(looked_at.get("/processes/web").json()["port"])
    assert shown(look, *arguments) == [(name, text.replace("PORT", port)) for name, text in expected]


def test_whose_lines(look: Run) -> None:
    assert {name for name, _ in shown(look)} == {"web", "worker", "done", "broken", "system"}
    # A group, and names separated by commas.
    expected = {("done", "finished"), *JOBS}
    assert set(shown(look, "back")) == set(shown(look, "--process", "worker,done")) == expected
    assert set(shown(look, "worker", "--process", "done")) == expected
    assert "broken crashed: exited with code 3" in [text for _, text in shown(look, "system")]


def test_how_they_look(look: Run, looked_at: Project) -> None:
    whole = look("logs", "-t", "done").stdout
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z done   │ finished\n", whole)
    raw = look("logs", "--raw", "--pattern", "cleared").stdout
    assert raw.endswith("web    │ \x1b[32mgreen\x1b[0m \x1b[2Jcleared\n")
    found = json.loads(look("logs", "--json", "worker", "-n", "1").stdout)
    assert (found["filtered_count"], found["total_count"]) == (1, 5)
    assert [(line["process"], line["stream"], line["line"]) for line in found["logs"]] == [
        ("worker", "stdout", "job 5")
    ]
    assert json.loads(look("logs", "--json", "-n", "0").stdout)["logs"] == []
    terminal = looked_at.launch("logs", "web", terminal=True, env=looked_at.env | {"TERM": "xterm"})
    assert terminal.wait() == 0
    assert "\x1b[32mgreen\x1b[0m cleared" in terminal.output


BAD_QUESTIONS = [
    (["--pattern", "(", "--regex"], "the pattern '(' is not a regular expression (RE2): missing ): ("),
    (["-f", "--pattern", "(", "--regex"], "the pattern '(' is not a regular expression (RE2): missing ): ("),
    (["--pattern", "x" * 257], "the pattern is 257 characters long; the maximum is 256"),
    (["--regex"], "--regex needs --pattern"),
    (["wbe"], "no process or group named 'wbe' (did you mean 'web'?)"),
    (["--since", "yesterday"], "must be a time such as 2025-01-19T10:32:01.123Z, or a duration back from now"),
    (["-n", "-1"], "invalid value for '-n' / '--lines': -1 is not in the range x>=0"),
    (["--stream", "out"], "invalid value for '--stream': 'out' is not one of 'stdout', 'stderr'"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), BAD_QUESTIONS)
def test_what_cannot_be_asked(look: Run, arguments: list[str], said: str) -> None:
    ran = look("logs", *arguments)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr.startswith("prox: ")
    assert said in ran.stderr


def test_following(project: Project) -> None:
    project.write("""
processes:
  web: {cmd: echo before; exec sleep 1000}
  worker: {cmd: "trap 'kill -9 $!; echo the last words; exit 0' TERM; sleep 1000 & echo job; wait", autostart: false}
""")
    with project.up() as prox:
        everything = project.launch("logs", "-f")
        as_json = project.launch("logs", "-f", "--json")
        some = project.launch("logs", "--follow", "--pattern", "before|words", "--regex")
        for follower in (everything, as_json, some):
            follower.wait_line("before")
        assert project.client("start", "worker").returncode == 0
        everything.wait_line("worker │ job")
        line = json.loads(as_json.wait_line("job"))
        assert (line["process"], line["line"]) == ("worker", "job")
        as_json.signal(signal.SIGINT)
        assert as_json.wait() == 130
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
        # They end with the instance, and have heard everything.
        for follower in (everything, some):
            assert follower.wait() == 0
            assert "worker │ the last words" in follower.output
        assert "│ job" not in some.output
        assert "Traceback" not in as_json.output


@pytest.fixture
def ended(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of which only the log files are left."""
    project.write(r"""
processes: {web: 'echo first; echo trouble >&2; printf "\033[2Jlast"', worker: {cmd: seq 200, groups: [back]}}
""")
    assert project.run("up", "--exit-when-done").returncode == 0
    monkeypatch.chdir(project.folder)
    return project


def test_after_the_end(ended: Project, prox: Run) -> None:
    assert set(shown(prox, "web")) == {("web", "first"), ("web", "trouble"), ("web", "last")}
    assert len(shown(prox)) == 100
    assert shown(prox, "-n", "2", "back") == [("worker", "199"), ("worker", "200")]
    assert shown(prox, "-n", "0") == []
    assert shown(prox, "--pattern", "^1.1$", "--regex") == [("worker", f"1{n}1") for n in range(10)]
    assert shown(prox, "--stream", "stderr") == [("web", "trouble")]
    assert len(shown(prox, "--since", "1h", "worker")) == 200
    assert shown(prox, "--since", "2099-01-01T00:00:00Z") == []
    found = json.loads(prox("logs", "--json", "web", "--stream", "stderr").stdout)
    (line,) = found["logs"]
    assert (line["process"], line["stream"], line["line"]) == ("web", "stderr", "trouble")
    assert set(line) == {"timestamp", "process", "stream", "line"}
    assert (found["filtered_count"], found["total_count"]) == (1, 1)
    assert "\x1b[2Jlast\n" in prox("logs", "--raw", "web").stdout
    for arguments, said in BAD_QUESTIONS:
        ran = prox("logs", *arguments)
        followed = "-f" in arguments
        assert (ran.returncode, ran.stdout) == (69 if followed else 64, "")
        assert ("no instance is running in" if followed else said) in ran.stderr

    # What prox.yaml no longer has can still be asked for.
    ended.write("processes: {other: echo}")
    assert shown(prox, "worker", "-n", "1") == [("worker", "200")]
    assert shown(prox, "other") == []
    # Nor do prox's own lines depend on it.
    assert shown(prox) == shown(prox, "system")
    assert ("system", "web exited with code 0") in shown(prox)


def test_where_no_lines_are_kept(tmp_path: Path, prox: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prox.yaml").write_text("processes: {web: echo}")
    (tmp_path / "prox.yaml").chmod(0o644)
    assert prox("logs") == prox("logs", "web")
    assert prox("logs").stdout == ""
    (tmp_path / "prox.yaml").write_text("processes: {web: echo}\nlogs: {dir: false}")
    assert prox("logs").stderr == "prox: no instance is running, and logs.dir is false, so there are no log files\n"
