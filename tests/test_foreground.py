"""`prox up` in the foreground: what it prints, what it starts, and when it ends by itself."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from helpers.project import SECONDS, command, wait_until

if TYPE_CHECKING:
    from helpers.project import Project

ESCAPES = r"printf '\033[31mred\033[0m \033]0;title\007\033[2J\033[Hdone\n'"


def texts(output: str, name: str) -> list[str]:
    """What a process has said, of whole output without colours."""
    return re.findall(rf"^\d\d:\d\d:\d\d {re.escape(name)} *│ (.*)$", output, re.MULTILINE)


def test_every_line_has_its_time_and_its_name(project: Project) -> None:
    project.write(r"""
processes:
  web: printf 'first words\n\nlast words'
  long-worker: echo trouble >&2
""")
    with project.up() as prox:
        prox.wait_line("all processes have ended; `prox start NAME` starts one again")
        assert project.client("start", "web").returncode == 0
        assert project.client("wait", "web", "--for", "stopped").returncode == 0
        # No log of what the API is asked lies between the lines.
        for path in ("/status", "/nothing/here", "/logs?lines=0"):
            project.get(path)
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    lines = prox.output.splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d (web        |long-worker|system     ) │( |$)", line) for line in lines), lines
    # The first words, the last ones without a line end, and the same of the second run.
    assert texts(prox.output, "web") == ["first words", "", "last words"] * 2
    assert texts(prox.output, "long-worker") == ["trouble"]
    said = texts(prox.output, "system")
    (ready,) = [line for line in said if line.startswith("prox ")]
    assert re.fullmatch(rf"prox \S+: http://127\.0\.0\.1:\d+, 2 processes, {project.folder}/prox\.yaml", ready)
    assert sum("all processes have ended" in line for line in said) == 1
    assert said[-1] == "received SIGTERM, stopping; a second signal kills everything"
    assert "\x1b" not in prox.output


def test_colours_on_a_terminal(project: Project) -> None:
    project.write(f'processes: {{web: "{ESCAPES.replace(chr(92), chr(92) * 2)}", other: "echo trouble >&2"}}')
    project.env["TERM"] = "xterm-256color"
    shown = project.launch("up", "--exit-when-done", terminal=True)
    assert shown.wait() == 0
    (web,) = [line for line in shown.output.splitlines() if "done" in line]
    (other,) = [line for line in shown.output.splitlines() if "trouble" in line]
    assert re.fullmatch(r"\x1b\[2m[\d:]{8}\x1b\[0m \x1b\[36mweb   \x1b\[0m │ \x1b\[31mred\x1b\[0m done\x1b\[0m", web)
    # Another colour for another process, and red for stderr.
    assert re.fullmatch(r"\x1b\[2m[\d:]{8}\x1b\[0m \x1b\[33mother \x1b\[0m \x1b\[31m│\x1b\[0m trouble", other)


def test_terminal_control_sequences_for_who_asks_for_them(project: Project) -> None:
    project.write(f"processes:\n  web: >-\n    {ESCAPES}\n")
    ran = project.run("up", "--exit-when-done", "--raw")
    assert ran.returncode == 0
    assert texts(ran.stdout, "web") == ["\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\x1b[Hdone"]
    assert ran.stderr == ""


def test_only_what_is_named_starts(project: Project) -> None:
    project.write("""
processes:
  api: {cmd: exec sleep 1000, groups: [backend]}
  worker: {cmd: exec sleep 1000, groups: [backend]}
  web: exec sleep 1000
  docs: exec sleep 1000
""")
    with project.up("backend", "web"):
        found = {process["name"]: process for process in project.get("/processes").json()["processes"]}
        assert {name for name, process in found.items() if process["status"] == "running"} == {"api", "worker", "web"}
        assert (found["docs"]["status"], found["docs"]["started_at"]) == ("stopped", None)
        assert project.client("start", "docs").stdout == "docs started\n"
        assert project.get("/processes/docs").json()["status"] == "running"


@pytest.mark.parametrize("options", [(), ("-d",)])
def test_a_name_that_is_unknown_starts_nothing(project: Project, options: tuple[str, ...]) -> None:
    project.write("processes: {web: touch started, worker: {cmd: touch started, groups: [backend]}}")
    ran = project.run("up", "web", "wbe", "backends", *options)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == (
        "prox: no process or group named 'wbe' (did you mean 'web'?); "
        "no process or group named 'backends' (did you mean 'backend'?)\n"
    )
    assert os.listdir(project.folder) == ["prox.yaml"]


def test_it_can_end_when_all_have_ended(project: Project) -> None:
    project.write("processes: {good: echo well, bad: echo trouble; exit 3}")
    failed = project.run("up", "--exit-when-done")
    assert failed.returncode == 1
    # The closing summary.
    assert failed.stdout.splitlines()[-1].endswith("system │ bad crashed: exited with code 3")
    assert texts(failed.stdout, "good") == ["well"]


def test_an_end_on_request_is_no_failure_whatever_has_crashed(project: Project) -> None:
    project.write("processes: {bad: exit 3, good: exec sleep 1000}")
    with project.up("--exit-when-done") as prox:
        prox.wait_line("bad crashed")
        prox.signal(signal.SIGINT)
        assert prox.wait() == 0


def test_nothing_to_start_by_itself(project: Project) -> None:
    project.write("processes: {web: {cmd: exec sleep 1000, autostart: false}}")
    with project.up("--wait") as prox:
        prox.wait_line("no process was started; `prox start NAME` starts one, Ctrl-C or `prox down` ends prox")
        assert project.client("start", "web").returncode == 0
    assert prox.output.count("no process was started") == 1


def test_a_reader_that_goes_away_ends_nothing(project: Project) -> None:
    project.write("processes: {web: 'while echo line; do sleep 0.01; done'}")
    options = {"cwd": project.folder, "env": project.env, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(command("up"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as prox:
        assert prox.stdout
        assert prox.stderr
        prox.stdout.readline()
        prox.stdout.close()
        wait_until(lambda: project.state() is not None)
        log = project.folder / ".prox" / "logs" / "web.log"
        wait_until(log.exists)
        size = log.stat().st_size
        wait_until(lambda: log.stat().st_size > size)
        assert project.get("/processes/web").json()["status"] == "running"
        prox.send_signal(signal.SIGTERM)
        assert prox.stderr.read() == b""
        assert prox.wait() == 0
    assert project.state() is None


def test_output_that_was_closed_before_the_start(project: Project) -> None:
    project.write("processes: {web: echo line}")
    command_line = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command("up", "--exit-when-done")]
    ran = subprocess.run(command_line, cwd=project.folder, env=project.env, timeout=SECONDS, check=False)
    assert ran.returncode == 0
    # Nothing else got the number of what was closed.
    assert (project.folder / ".prox" / "logs" / "web.log").read_text().endswith("Z out line\n")
