"""`prox run` on the real program: jobs, what they need, output, reports, the folder of the run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import psutil
import pytest

from helpers.project import command, kill_with_guard, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.project import Project

STACK = """
api: {port: 0}
processes:
  db:
    cmd: "trap 'echo db ends; exit 3' TERM; echo db begins; sleep 1000 & wait"
    healthcheck: {log: begins}
  api: {cmd: "echo api begins; exec sleep 1000", depends_on: [db, migrate], healthcheck: {log: begins}}
  other: {cmd: "echo other begins; exec sleep 1000"}
jobs:
  migrate: {cmd: "echo migrating", depends_on: [db]}
  e2e: {cmd: "echo testing; exit ${E2E:-0}", depends_on: [api]}
  lint: {cmd: "echo linting; exit ${LINT:-0}"}
"""


def run_folder(project: Project) -> Path:
    """Return the folder of the newest run."""
    return sorted((project.folder / ".prox" / "runs").iterdir())[-1]


def record(project: Project) -> dict[str, Any]:
    return json.loads((run_folder(project) / "run.json").read_text())


def results(project: Project) -> dict[str, str]:
    return {job["name"]: job["result"] for job in record(project)["jobs"]}


def test_lines_right_after_the_start_are_in_the_record(project: Project) -> None:
    """Lines have milliseconds: rounded, they can seem to precede the start of the job."""
    project.write("jobs:\n" + "".join(f"  j{number}: echo why; exit 3\n" for number in range(60)))
    assert project.run("run", "--keep-going", "--jobs", "1").returncode == 1
    jobs = record(project)["jobs"]
    assert [job["last_lines"] for job in jobs] == [["why"]] * 60


def test_all_jobs_with_what_they_need_and_nothing_else(project: Project) -> None:
    project.write(STACK)
    ran = project.run("run")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert results(project) == {"migrate": "passed", "e2e": "passed", "lint": "passed"}
    order = ["db begins", "migrating", "api begins", "testing", "db ends"]
    said = [line.split("│ ")[1] for line in ran.stdout.splitlines() if "│ " in line]
    assert [line for line in said if line in order] == order
    assert "other begins" not in ran.stdout
    # It was ended by prox, so that its exit code is no failure.
    assert record(project)["processes"][0]["exit_code"] == 3
    assert not (run_folder(project) / "prox.pid").exists()


def test_the_named_ones(project: Project) -> None:
    project.write(STACK)
    assert project.run("run", "migrate").returncode == 0
    assert results(project) == {"migrate": "passed"}
    assert [process["name"] for process in record(project)["processes"]] == ["db"]


def test_a_command_on_the_spot(project: Project) -> None:
    project.write(STACK)
    ran = project.run("run", "--with", "api", "--", "sh", "-c", 'echo "--jobs $PROX_PROCESS"; exit 9')
    assert ran.returncode == 9
    assert "│ --jobs sh" in ran.stdout
    assert results(project) == {"migrate": "passed", "sh": "failed"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody",), "no job or group of jobs named 'nobody'"),
        (("lnit",), "(did you mean 'lint'?)"),
        (("api",), "'api' is a process, not a job; `prox run --with api -- COMMAND` runs a command with it"),
        (("--with", "api"), "--with NAMES needs a command"),
        (("lint", "--", "true"), "--with NAMES needs a command"),
        (("--with", "nobody", "--", "true"), "no process or group named 'nobody'"),
        (("--keep-going", "--fail-fast"), "cannot be combined"),
        (("--report", "pdf=x"), "must be KIND=FILE"),
        (("--jobs", "0"), "0 is not in the range"),
        (("--only-failed",), "no earlier run in this project"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], message: str, project: Project) -> None:
    project.write(STACK)
    ran = project.run("run", *arguments)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert message in ran.stderr


def test_no_job_to_run(project: Project) -> None:
    project.write("processes: {a: sleep 1000}")
    ran = project.run("run")
    assert ran.returncode == 64
    assert "no job in prox.yaml" in ran.stderr


def test_a_terminal_is_refused(project: Project) -> None:
    project.write("jobs: {j: {cmd: 'true', tty: true}}")
    assert project.run("run").returncode == 64


def test_what_failed_is_repeated(project: Project) -> None:
    project.write(STACK)
    assert project.run("run", "--keep-going", env=project.env | {"LINT": "3"}).returncode == 3
    assert project.run("run", "--only-failed").returncode == 0
    assert results(project) == {"lint": "passed"}
    ran = project.run("run", "--only-failed")
    assert (ran.returncode, ran.stdout) == (0, "no job failed in the last run\n")


def test_what_failed_and_is_no_longer_there(project: Project) -> None:
    project.write("jobs: {a: 'true', b: exit 3}")
    assert project.run("run").returncode == 3
    project.write("jobs: {a: 'true'}")
    ran = project.run("run", "--only-failed")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "b failed in the last run and is no longer in prox.yaml" in ran.stderr


def test_each_attempt_has_a_log_and_a_number(project: Project) -> None:
    project.write('jobs: {j: {cmd: "echo attempt $PROX_ATTEMPT; test $PROX_ATTEMPT = 3", retries: 2}}')
    assert project.run("run").returncode == 0
    assert results(project) == {"j": "flaky"}
    logs = run_folder(project) / "logs"
    texts = [(logs / name).read_text().split(" ", 2)[2] for name in ("j.log", "j.2.log", "j.3.log")]
    assert texts == ["attempt 1\n", "attempt 2\n", "attempt 3\n"]
    (job,) = record(project)["jobs"]
    assert [attempt["log"] for attempt in job["attempts"]] == ["logs/j.log", "logs/j.2.log", "logs/j.3.log"]
    assert job["reason"] == "passed at attempt 3 of 3"


def test_slots_and_locks_are_kept(project: Project) -> None:
    claim = "mkdir held && sleep 0.05 && rmdir held"
    project.write("jobs:\n" + "".join(f"  j{n}: {{cmd: '{claim}', lock: held}}\n" for n in range(8)))
    assert project.run("run", "--jobs", "8").returncode == 0
    project.write("jobs:\n" + "".join(f"  j{n}: {{cmd: '{claim}'}}\n" for n in range(8)))
    assert project.run("run", "--jobs", "1").returncode == 0
    assert project.run("run", "--jobs", "8").returncode == 1


# -- output


def test_last_lines_of_what_failed_are_on_the_last_screen(project: Project) -> None:
    text = STACK.replace("echo api begins; exec sleep 1000", "echo api begins; echo the cause >&2; exit 4")
    project.write(text.replace("echo testing;", "echo testing; sleep 1000;"))
    ran = project.run("run", "--ci", "plain")
    assert ran.returncode == 69
    screen = "\n".join(ran.stdout.splitlines()[-24:])
    assert "the cause" in screen
    assert re.search(r"e2e +aborted .*it needs api: exited with code 4", screen)


def test_blocks_in_ci(project: Project) -> None:
    project.write(STACK)
    ran = project.run("run", "--keep-going", env=project.env | {"CI": "true", "LINT": "3"})
    assert ran.returncode == 3
    assert re.search(r"^=== e2e passed in [\d.]+ s\ntesting\n", ran.stdout, re.MULTILINE)
    assert re.search(r"^=== lint failed in [\d.]+ s: exited with code 3\nlinting\n", ran.stdout, re.MULTILINE)
    assert "api begins" not in ran.stdout


def test_github(project: Project, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    project.write(STACK + '  own: {cmd: "echo ::group::mine; echo inside; echo ::endgroup::"}\n')
    env = project.env | {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "LINT": "3"}
    ran = project.run("run", "--keep-going", env=env)
    assert ran.returncode == 3
    assert re.search(r"^::group::e2e passed in .*\ntesting\n::endgroup::\n", ran.stdout, re.MULTILINE)
    assert re.search(
        r"^=== own passed in .*\n::group::mine\ninside\n::endgroup::\n::endgroup::\n", ran.stdout, re.MULTILINE
    )
    assert ran.stdout.count("::error title=lint::lint failed: exited with code 3\n") == 1
    assert "| lint " in summary.read_text()


def test_commands_that_a_job_has_stopped_work_again(project: Project) -> None:
    project.write("jobs: {j: \"printf '::stop-commands::tok\\nno newline'; exit 1\"}")
    ran = project.run("run", "--ci", "github")
    assert "no newline\n::tok::\n::error title=j::" in ran.stdout


def test_github_shows_ten_errors(project: Project) -> None:
    project.write("jobs:\n" + "".join(f"  j{n}: exit 1\n" for n in range(12)))
    ran = project.run("run", "--keep-going", "--ci", "github")
    assert (ran.returncode, ran.stdout.count("::error title=")) == (1, 10)


def test_gitlab(project: Project) -> None:
    project.write(STACK)
    ran = project.run("run", "--keep-going", env=project.env | {"GITLAB_CI": "true", "CI": "true", "LINT": "3"})
    assert ran.returncode == 3
    assert re.search("\x1b\\[0Ksection_start:\\d+:e2e\\[collapsed=true\\]\\s\x1b\\[0Ke2e passed", ran.stdout)
    assert re.search("\x1b\\[0Ksection_start:\\d+:lint\\s\x1b\\[0Klint failed", ran.stdout)
    assert ran.stdout.count("section_end:") == 3


def test_a_status_line_on_a_terminal(project: Project) -> None:
    project.write("jobs: {j: 'echo begun; until test -e go; do sleep 0.01; done', k: 'echo k'}")
    running = project.launch("run", terminal=True)
    running.wait_line("begun")
    project.write("", "go")
    assert running.wait() == 0
    assert "running: j (" in running.output
    assert "\x1b[K" in running.output


def test_millions_of_bytes_in_one_block(project: Project) -> None:
    project.write("jobs: {j: 'seq 1 300000'}")
    ran = project.run("run", "--ci", "plain")
    assert ran.stdout.split("=== j passed")[1].split("\n", 1)[1].startswith("".join(f"{n}\n" for n in range(1, 300001)))


def test_a_reader_that_takes_nothing_does_not_hold_up_the_end(project: Project) -> None:
    project.write("jobs: {j: 'touch begun; exec yes'}")
    reading, writing = os.pipe()
    try:
        running = subprocess.Popen(
            command("run"), cwd=project.folder, env=project.env, stdin=subprocess.DEVNULL, stdout=writing
        )
        wait_until((project.folder / "begun").exists)
        for number in (signal.SIGINT, signal.SIGTERM):
            running.send_signal(number)
            wait_until(lambda: b"yes" not in b"".join(commands_of(running.pid)))
        # The second one only shortens the wait for the reader, if everything else is done.
        assert running.wait(30) in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    finally:
        os.close(reading)
        os.close(writing)
    assert results(project) == {"j": "cancelled"}


def commands_of(pid: int) -> list[bytes]:
    """Return the command lines of the children of a process."""
    found = []
    for child in psutil.Process(pid).children():
        with suppress(psutil.Error):
            found.append(" ".join(child.cmdline()).encode())
    return found


def test_what_cannot_be_prepared_fails_with_a_sentence(project: Project) -> None:
    project.write(
        "proxy: {domain: localhost, https_port: 6799}\ncerts: {dir: none, auto_generate: false}\n"
        "processes: {p: {cmd: sleep 1000, port: auto}}\nservices: {app: {process: p}}\n"
        "jobs: {j: {cmd: 'true', depends_on: [p]}}"
    )
    ran = project.run("run")
    assert ran.returncode == 1
    assert "certs.auto_generate is false" in ran.stderr


# -- reports


def test_reports(project: Project) -> None:
    project.write('<testsuite name="s" tests="1"><testcase name="t" classname="c" time="0.1"/></testsuite>', "a.xml")
    project.write(STACK + "  own: {cmd: mkdir -p out && cp a.xml out, junit: 'out/*.xml'}\n")
    ran = project.run(
        "run",
        "--keep-going",
        *(f"--report={kind}=r/{kind}" for kind in ("junit", "json", "md", "html")),
        env=project.env | {"LINT": "3"},
    )
    assert ran.returncode == 3, ran.stderr
    folder = project.folder / "r"
    root = ElementTree.fromstring((folder / "junit").read_text())
    assert [suite.get("name") for suite in root.iter("testsuite")] == ["prox", "own/s"]
    assert root.find(".//testcase[@name='lint']/failure") is not None
    assert json.loads((folder / "json").read_text()) == record(project)
    assert "| lint |" in (folder / "md").read_text()
    page = (folder / "html").read_text()
    assert page.startswith("<!doctype html>")
    assert "http://" not in page.replace("http://www.w3.org/", "")
    trace = json.loads((run_folder(project) / "trace.json").read_text())
    names = " ".join(event["args"].get("name", "") for event in trace["traceEvents"] if event["ph"] == "M")
    assert "db" in names
    assert "lint" in names


def test_a_pattern_without_files_is_said(project: Project) -> None:
    project.write("jobs: {j: {cmd: 'true', junit: 'out/*.xml'}}")
    ran = project.run("run", "--report", "junit=r.xml")
    assert ran.returncode == 0
    assert ran.stderr == "prox: j wrote no JUnit file that matches 'out/*.xml' in this run\n"


def test_a_report_that_cannot_be_written_is_a_failure(project: Project) -> None:
    project.write("jobs: {j: 'true'}")
    ran = project.run("run", "--report", "junit=/proc/none")
    assert ran.returncode == 1
    assert "cannot write report junit=/proc/none" in ran.stderr


# -- a running instance


def test_processes_of_a_running_instance_are_used_and_left_running(project: Project) -> None:
    project.write(STACK)
    with project.up() as prox:
        prox.wait_line("api begins")
        before = project.get("/processes/api").json()["pid"]
        ran = project.run("run", "e2e")
        assert ran.returncode == 0, ran.stdout
        assert f"using api, db of the running instance (pid {prox.pid})" in ran.stdout.replace("db, api", "api, db")
        assert "api begins" not in ran.stdout
        assert project.get("/processes/api").json()["pid"] == before


def test_a_borrowed_process_keeps_its_port(project: Project) -> None:
    serve = "exec python3 -m http.server --bind 127.0.0.1 $PORT"
    project.write(
        "api: {port: 0}\n"
        f"processes: {{web: {{cmd: '{serve}', port: auto, healthcheck: {{http: /}}}}}}\n"
        "jobs: {e2e: {cmd: 'echo port $PROX_PORT_WEB', depends_on: [web]}}\n"
    )
    with project.up():
        ran = project.run("run")
        assert ran.returncode == 0, ran.stdout
        assert f"port {project.get('/processes/web').json()['port']}" in ran.stdout


def test_one_with_another_configuration_is_not_used(project: Project) -> None:
    project.write(STACK)
    with project.up() as prox:
        prox.wait_line("api begins")
        project.write(STACK.replace("echo api begins;", "echo api begins anew;"))
        ran = project.run("run", "e2e")
        assert "api begins anew" in ran.stdout
        assert "using db of the running instance" in ran.stdout


def test_isolated(project: Project) -> None:
    project.write(STACK)
    with project.up() as prox:
        prox.wait_line("api begins")
        ran = project.run("run", "--isolated", "e2e")
        assert ran.returncode == 0
        assert "api begins" in ran.stdout


def test_a_borrowed_process_that_ends_aborts_the_job(project: Project) -> None:
    project.write(STACK.replace("echo testing;", "echo testing; sleep 1000;"))
    with project.up() as prox:
        prox.wait_line("api begins")
        running = project.launch("run", "e2e")
        running.wait_line("│ testing")
        project.client("stop", "api")
        assert running.wait() == 69
        assert "it needs api: " in running.output


# -- nothing is left


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_run_that_is_killed_leaves_nothing(project: Project) -> None:
    project.write("jobs: {j: 'echo $$; exec sleep 1000'}")
    running = project.launch("run")
    pid = int(running.wait_line(re.compile(r"│ \d+$")).split("│ ")[1])
    running.signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    wait_until(lambda: not is_alive(pid))


def test_one_that_is_killed_with_its_watchdog_is_cleaned_up_by_the_next(project: Project) -> None:
    project.write("jobs: {j: 'echo $$; test -e go || exec sleep 1000'}")
    running = project.launch("run")
    pid = int(running.wait_line(re.compile(r"│ \d+$")).split("│ ")[1])
    kill_with_guard(running.pid)
    running.wait()
    assert is_alive(pid)
    project.write("", "go")
    ran = project.run("run")
    assert ran.returncode == 0
    assert "an earlier prox was killed and has left" in ran.stdout
    assert not is_alive(pid)


def test_old_runs_are_removed(project: Project) -> None:
    from prox.instance.runs import KEPT

    project.write("jobs: {j: 'true'}")
    runs = project.folder / ".prox" / "runs"
    for number in range(KEPT + 3):
        (runs / f"2020010{number:02}").mkdir(parents=True)
    assert project.run("run").returncode == 0
    assert len(list(runs.iterdir())) == KEPT
