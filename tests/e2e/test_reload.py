"""`prox reload` and `watch` on the real program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from helpers.project import wait_until

if TYPE_CHECKING:
    from helpers.project import Project

TEXT = """
api: {port: 0}
processes:
  a: {cmd: "echo a begins; exec sleep 1000", port: auto}
  b: {cmd: "echo b begins; exec sleep 1000", depends_on: [a]}
  c: {cmd: "echo c begins; exec sleep 1000"}
  off: {cmd: "echo off begins; exec sleep 1000", autostart: false}
"""


def processes(project: Project) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in project.get("/processes").json()["processes"]}


def test_the_difference_is_applied_and_nothing_else(project: Project) -> None:
    project.write(TEXT)
    with project.up() as prox:
        prox.wait_line("b begins")
        before = processes(project)
        project.write(
            TEXT.replace("echo b begins", "echo b begins anew")
            .replace("echo off begins", "echo off changed")
            .replace('  c: {cmd: "echo c begins; exec sleep 1000"}\n', "")
            + "  d: {cmd: 'echo d begins; exec sleep 1000', depends_on: [b]}\n  e: {cmd: sleep 1, autostart: false}\n"
        )
        assert "has changed since it was loaded; `prox reload` applies it" in project.client("status").stderr
        assert project.client("start", "d").stderr == (
            "prox: d is in prox.yaml but not loaded yet; run `prox reload`\n"
        )
        ran = project.client("reload")
        assert ran.stdout == "d added\ne added\nc removed\nb changed\noff changed\n"
        prox.wait_line("b begins anew")
        prox.wait_line("d begins")
        after = processes(project)
        assert list(after) == ["a", "b", "off", "d", "e"]
        assert (after["a"]["pid"], after["a"]["port"]) == (before["a"]["pid"], before["a"]["port"])
        assert after["b"]["pid"] != before["b"]["pid"]
        assert {name: each["status"] for name, each in after.items()} == {
            "a": "running", "b": "running", "off": "stopped", "d": "running", "e": "stopped",
        }  # fmt: skip
        assert "has changed" not in project.client("status").stderr
        assert project.client("reload").stdout == "nothing has changed\n"
        project.client("stop", "b")
        assert project.client("start", "b").returncode == 0
    assert prox.wait() == 0


def test_a_changed_job_and_what_waits_for_it(project: Project) -> None:
    text = """
api: {port: 0}
processes: {w: {cmd: "echo w begins; exec sleep 1000", depends_on: [mig]}}
jobs: {mig: exec sleep 1000}
"""
    project.write(text)
    with project.up() as prox:
        wait_until(lambda: processes(project)["mig"]["status"] == "running")
        project.write(text.replace("exec sleep 1000}", "exit 3}"))
        project.client("reload")
        wait_until(lambda: processes(project)["w"]["status"] == "crashed")
        assert processes(project)["w"]["reason"] == "it needs mig: exited with code 3"
        # What could not be started because of the job is started once the job is repaired.
        project.write(text.replace("exec sleep 1000}", "exit 0}"))
        assert project.client("reload").stdout == "mig changed\n"
        prox.wait_line("w begins")


def test_a_process_that_had_ended_is_started_with_its_new_command(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {a: 'true', b: sleep 1000}")
    with project.up() as prox:
        prox.wait_line("a exited with code 0")
        project.write("api: {port: 0}\nprocesses: {a: 'echo a begins; exec sleep 1000', b: sleep 1000}")
        assert project.client("reload").stdout == "a changed\n"
        prox.wait_line("a begins")


def test_an_added_process_that_cannot_be_started(project: Project) -> None:
    project.write(TEXT)
    with project.up() as prox:
        prox.wait_line("b begins")
        project.write(TEXT + "  lost: {cmd: sleep 1000, cwd: nowhere}\n")
        ran = project.client("reload")
        assert (ran.returncode, ran.stdout) == (1, "lost added\n")
        assert ran.stderr.startswith("prox: lost was not started: ")
        assert "nowhere" in ran.stderr


def test_a_stop_overtakes_a_reload(project: Project) -> None:
    text = """
api: {port: 0}
processes:
  a: {cmd: exec sleep 999}
  b: {cmd: exec sleep 998, depends_on: [a]}
  slow:
    cmd: >-
      trap 'echo slow ends; until test -e go; do sleep 0.01; done; exit' TERM;
      echo slow begins; while :; do sleep 0.05; done
    stop: {timeout: 1m}
"""
    project.write(text)
    with project.up() as prox:
        prox.wait_line("slow begins")
        project.write(text.replace("echo slow begins;", "echo slow begins anew;"))
        reloading = project.launch("reload")
        prox.wait_line("slow ends")
        down = project.launch("down")
        prox.wait_line("POST /shutdown")
        project.write("", "go")
        assert (down.wait(), prox.wait()) == (0, 0)
        reloading.wait()
    assert "slow begins anew" not in prox.output


def test_a_file_with_errors_changes_nothing(project: Project) -> None:
    project.write(TEXT)
    with project.up() as prox:
        prox.wait_line("b begins")
        before = {name: each["pid"] for name, each in processes(project).items()}
        project.write(TEXT + "  d: {cdm: x}\n  e: {cmd: x, depends_on: [nobody]}\n")
        ran = project.client("reload")
        assert ran.returncode == 78
        assert ran.stderr.splitlines() == [
            "prox.yaml:8:3: processes.d: `cmd` is missing",
            "prox.yaml:8:7: processes.d.cdm: is an unknown key (did you mean 'cwd'?)",
            "prox.yaml:9:28: processes.e.depends_on.nobody: no process or job named 'nobody'",
        ]
        assert {name: each["pid"] for name, each in processes(project).items()} == before


def test_what_needs_a_new_start_is_named(project: Project) -> None:
    project.write(TEXT)
    with project.up():
        project.write(TEXT.replace("api: {port: 0}", "api: {port: 0, allowed_hosts: [x]}\nlogs: {keep: 1}"))
        ran = project.client("reload")
        assert "api, logs changed; to apply this, run `prox down` and `prox up`" in ran.stderr
        assert json.loads(project.client("reload", "--json").stdout)["unchanged"] == ["a", "b", "c", "off"]


WATCHED = """
api: {port: 0}
processes:
  web: {cmd: "echo web begins; exec sleep 1000", watch: {paths: [src], ignore: ["*.log"], debounce: 50ms}}
  other: {cmd: "echo other begins; exec sleep 1000"}
"""


def test_files_that_change_restart_a_process_once(project: Project) -> None:
    project.write("", "src/a.py")
    project.write("out/\n", ".gitignore")
    project.write(WATCHED)
    with project.up() as prox:
        prox.wait_line("web begins")
        # What is ignored restarts nothing: the burst after it is the first change that counts.
        for name in ("src/x.log", "src/node_modules/x.js", "src/__pycache__/x.pyc", "src/out/x.js", "elsewhere.py"):
            project.write("x", name)

        def touch_until_seen() -> bool:
            for number in range(20):
                project.write("y", f"src/b{number}.py")
            return "changed; restarting web" in prox.output

        wait_until(touch_until_seen)
        line = prox.wait_line("changed; restarting web")
        assert "src/b0.py" in line
        assert "x." not in line
        wait_until(lambda: processes(project)["web"]["restarts"] >= 1)
        assert processes(project)["other"]["restarts"] == 0
        project.client("stop", "web")
        restarts = processes(project)["web"]["restarts"]
        project.write("z", "src/a.py")
        project.write("z", "src/c.py")
        project.client("restart", "other")
        assert processes(project)["web"]["restarts"] == restarts
        assert processes(project)["web"]["status"] == "stopped"


def test_no_watch(project: Project) -> None:
    project.write("", "src/a.py")
    project.write(WATCHED)
    with project.up("--no-watch") as prox:
        prox.wait_line("web begins")
        project.write("x", "src/a.py")
        project.client("restart", "other")
        prox.wait_line("other begins")
        assert "changed; restarting" not in prox.output


def test_a_watch_that_is_added_by_a_reload(project: Project) -> None:
    project.write("", "src/a.py")
    project.write(WATCHED.replace(', watch: {paths: [src], ignore: ["*.log"], debounce: 50ms}', ""))
    with project.up() as prox:
        prox.wait_line("web begins")
        project.write(WATCHED)
        assert project.client("reload").stdout == "web changed\n"

        def touch() -> bool:
            project.write(str(len(prox.output)), "src/a.py")
            return "changed; restarting web" in prox.output

        wait_until(touch)
