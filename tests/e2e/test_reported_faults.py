"""Faults that users of other runners reported, on the whole program. The rows are those of the issue."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest

from helpers.leftovers import is_alive
from helpers.project import command, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.project import Project

READS = '{name}: {{cmd: "{cmd}"{more}}}'


def asking(project: Project, *args: str) -> subprocess.Popen[str]:
    """Begin to run a command of prox."""
    return subprocess.Popen(command(*args), cwd=project.folder, env=project.env, stderr=subprocess.PIPE, text=True)


def status(project: Project, name: str) -> str:
    found: str = project.get(f"/processes/{name}").json()["status"]
    return found


# -- row 1: standard input


def test_the_input_of_a_process_never_ends(project: Project) -> None:
    project.write("""
processes:
  shell: "cat; echo ended"
  direct: [sh, -c, "read line; echo ended"]
  fd: {cmd: "cat; echo ended", port: {fd: 3}}
  closed: {cmd: "cat; echo ended", stdin: null}
  word: {cmd: "cat; echo ended", stdin: "null"}
jobs:
  job: "cat; echo ended"
  open: {cmd: "cat; echo ended", stdin: open, timeout: 300ms}
""")
    with project.up("closed", "word", "shell", "direct", "fd") as prox:
        for name in ("closed", "word"):
            prox.wait_line(re.compile(rf"{name} +│ ended"))
        assert [status(project, name) for name in ("shell", "direct", "fd")] == ["running"] * 3
        pids = [project.get(f"/processes/{name}").json()["pid"] for name in ("shell", "direct", "fd")]
        prox.signal(signal.SIGKILL)
        prox.wait()
        # The pipe is gone with prox.
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))
    ran = project.run("run", "--keep-going", "job", "open")
    assert "ended" in ran.stdout
    assert "open timed out after 300ms" in re.sub(r"[:│] *", "", ran.stdout + ran.stderr) or ran.returncode == 124


# -- row 5: somebody else listens


def test_another_process_may_listen(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check = "start_period: 0s, interval: 50ms, retries: 1"
        project.write(f"""
processes:
  own: {{cmd: exec sleep 1000, healthcheck: {{tcp: {port}, {check}}}}}
  tcp: {{cmd: exec sleep 1000, healthcheck: {{tcp: {port}, listener: any, {check}}}}}
  named: {{cmd: exec sleep 1000, healthcheck: {{tcp: "localhost:{port}", listener: any, {check}}}}}
""")
        with project.up() as prox:
            prox.wait_line("prox 0")
            wait_until(lambda: all(project.get(f"/processes/{name}").json()["ready"] for name in ("tcp", "named")))
            wait_until(lambda: project.get("/processes/own").json()["health"] == "unhealthy")
            said = project.get("/processes/own").json()["healthcheck"]["last_output"]
            assert "set processes.own.healthcheck.listener: any" in said


# -- row 12: PWD; row 15: the locale; row 16: what is missing


def test_the_working_folder_and_the_environment(project: Project) -> None:
    (project.folder / "sub").mkdir()
    (project.folder / "link").symlink_to("sub")
    (project.folder / "sub" / "Makefile").write_text("all:\n\t@echo PWD=$(PWD)\n")
    project.write("""
processes:
  make: {cmd: [make, -s], cwd: sub}
  dots: {cmd: 'echo PWD=$PWD', cwd: ./sub/../sub}
  linked: {cmd: 'echo PWD=$PWD', cwd: link}
  here: {cmd: 'echo PWD=$PWD'}
  check: {cmd: exec sleep 1000, cwd: sub, healthcheck: {cmd: 'echo PWD=$PWD'}}
""")
    sub = project.folder / "sub"
    with project.up() as prox:
        for name, folder in (
            ("make", sub),
            ("dots", sub),
            ("linked", project.folder / "link"),
            ("here", project.folder),
        ):
            prox.wait_line(re.compile(rf"{name} +│ PWD={re.escape(str(folder))}$"))
        wait_until(lambda: project.get("/processes/check").json()["ready"])
        assert project.get("/processes/check").json()["healthcheck"]["last_output"] == f"PWD={sub}"
        told = project.run("exec", "make", "--", "sh", "-c", "echo $PWD")
        assert told.stdout == f"{sub}\n"


@pytest.mark.parametrize(
    ("given", "how"),
    [({}, ("-d",)), ({"LC_CTYPE": "C"}, ()), ({"LC_CTYPE": "POSIX", "LANG": "C"}, ("-d",)), ({"LC_ALL": "C"}, ())],
)
def test_the_locale_is_what_prox_was_given(given: dict[str, str], how: tuple[str, ...], project: Project) -> None:
    project.write("processes: {a: 'env | grep -E ^L > seen; touch done; exec sleep 1000'}")
    kept = {name: value for name, value in project.env.items() if not name.startswith(("LC_", "LANG"))}
    args = [*command("up", *how)]
    running = subprocess.Popen(args, cwd=project.folder, env=kept | given, stdout=subprocess.DEVNULL)
    try:
        wait_until((project.folder / "done").exists)
        seen = dict(line.split("=", 1) for line in (project.folder / "seen").read_text().splitlines())
        assert seen == given
        told = subprocess.run(
            command("exec", "a", "--", "env"), cwd=project.folder, env=kept | given, capture_output=True, text=True
        ).stdout
        assert {line.split("=")[0]: line.split("=")[1] for line in told.splitlines() if line.startswith("L")} == given
    finally:
        project.run("down")
        running.wait(30)


def test_what_cannot_be_run_is_named(project: Project) -> None:
    for name, first in (("crlf.sh", "#!/bin/sh\r"), ("env.py", "#!/no/such/python -u")):
        (project.folder / name).write_bytes(f"{first}\necho hi\n".encode())
        (project.folder / name).chmod(0o755)
    (project.folder / "afile").touch()
    project.write("""
processes:
  crlf: [./crlf.sh]
  env: [./env.py]
  gone: [./gone.sh]
  file: {cmd: x, cwd: afile}
  below: {cmd: x, cwd: afile/below}
  missing: {cmd: x, cwd: missing}
""")
    said = project.run("up", "--exit-when-done").stdout
    for name, reason in (
        ("crlf", r"'./crlf.sh' has Windows line endings .* the interpreter '/bin/sh\\r'; convert it"),
        ("env", "the interpreter '/no/such/python' that the first line of './env.py' names was not found"),
        ("gone", "command './gone.sh' not found"),
        ("file", "its working directory .*/afile is not a directory; change its cwd"),
        ("below", "its working directory .*/afile/below does not exist; create it"),
        ("missing", "its working directory .*/missing does not exist; create it, or change its cwd"),
    ):
        assert re.search(f"{name} was not started: {reason}", said), said


# -- row 17: whom a stop is for


@pytest.mark.parametrize(
    ("scope", "then", "told"),
    [("leader", "sleep 0.3; kill -KILL $child", {"leader"}), ("group", "wait $child", {"child", "leader"})],
)
def test_whom_the_stop_signal_is_for(scope: str, then: str, told: set[str], project: Project) -> None:
    (project.folder / "leader.sh").write_text(f"""
(trap 'echo child >> told; exit' TERM; touch ready; while :; do sleep 0.05; done) &
child=$!
trap 'echo leader >> told; {then}; exit' TERM
wait; wait
""")
    project.write(f"processes: {{a: {{cmd: exec sh leader.sh, stop: {{scope: {scope}}}}}}}")
    with project.up() as prox:
        wait_until((project.folder / "ready").exists)
        prox.wait_line("prox 0")
        project.run("stop", "a")
        assert set((project.folder / "told").read_text().split()) == told


def test_the_kill_is_for_the_whole_group(project: Project) -> None:
    project.write("""
processes:
  a: {cmd: "trap '' TERM; (trap '' TERM; sleep 1000) & echo $!; wait", stop: {scope: leader, timeout: 100ms}}
""")
    with project.up() as prox:
        child = int(prox.wait_line(re.compile(r"a +│ \d+$")).split()[-1])
        prox.wait_line("prox 0")
        project.run("stop", "a")
        wait_until(lambda: not os.path.exists(f"/proc/{child}"))


# -- row 18: extensions; row 20: variables in a list


def test_extensions_are_ignored(project: Project) -> None:
    project.write("x-common: &common {env: {A: b}}\nx-y: [1, {z: 2}]\nprocesses: {a: {cmd: 'echo $A', <<: *common}}\n")
    assert re.search(r"a +│ b$", project.run("up", "--exit-when-done").stdout, re.MULTILINE)
    project.write("y-common: 1\nprocesses: {a: {cmd: x, x-env: 1}}\n")
    ran = project.run("config")
    assert (ran.returncode, ran.stderr.count("is an unknown key")) == (78, 2)


def test_variables_in_a_list_are_warned_of(project: Project) -> None:
    project.write("""
processes:
  list: [echo, "$PORT", "x${HOME}", "$5", "a$"]
  text: echo $PORT
jobs: {job: [echo, "${A_1}"]}
""")
    for ran in (project.run("config"), project.run("up", "--exit-when-done", "list"), project.run("run", "job")):
        said = ran.stdout + ran.stderr
        assert "processes.list.cmd passes '$PORT' and 'x${HOME}' on as written: a list is run without a shell" in said
        assert "jobs.job.cmd passes '${A_1}' on" in said
        assert "processes.text.cmd" not in said


# -- row 9: one Ctrl-C that arrives twice


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_signals_at_once_are_one_request(second: int, project: Project) -> None:
    project.write(
        "processes: {a: \"trap 'sleep 0.5; echo graceful; exit' TERM; echo up; while :; do sleep 0.05; done\"}"
    )
    with project.up() as prox:
        prox.wait_line(re.compile(r"a +│ up"))
        prox.signal(signal.SIGINT)
        prox.signal(second)
        prox.wait_line("graceful")
        assert prox.wait() == 0


# -- row 14: nobody reads


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_following_ends_with_its_reader(more: tuple[str, ...], project: Project) -> None:
    project.write("processes: {a: 'echo ready; exec sleep 1000'}")
    with project.up() as prox:
        prox.wait_line("prox 0")
        follow = subprocess.Popen(
            command("logs", "-f", "a", *more), cwd=project.folder, env=project.env, stdout=subprocess.PIPE
        )
        assert follow.stdout
        assert b"ready" in follow.stdout.readline()
        # No further line comes.
        follow.stdout.close()
        assert follow.wait(20) == 128 + signal.SIGPIPE


# -- smaller ones


def test_version_and_help(project: Project) -> None:
    assert project.run("--version").stdout == project.run("version").stdout
    assert project.run("help").stdout == project.run("--help").stdout
    assert project.run("help", "up").stdout == project.run("up", "--help").stdout
    refused = project.run("help", "upp")
    assert (refused.returncode, "no command named 'upp' (did you mean 'up'?)" in refused.stderr) == (64, True)


def test_the_schema_knows_the_new_keys(project: Project) -> None:
    schema = json.loads(project.run("config", "--schema").stdout)
    definitions = schema["$defs"]
    assert schema["patternProperties"] == {"^x-": {}}
    assert definitions["HealthCheck"]["properties"]["listener"]["default"] == "own"
    assert definitions["Stop"]["properties"]["scope"]["default"] == "group"
    assert definitions["ProcessSpec"]["anyOf"][-1]["properties"]["stdin"]["default"] == "open"


# -- row 2: files that block; row 19: a restart that cannot succeed


def test_a_named_pipe_keeps_nobody_else_waiting(project: Project) -> None:
    os.mkfifo(project.folder / ".env")
    os.mkfifo(project.folder / "later")
    project.write("""
processes:
  a: {cmd: "echo X=$X; exec sleep 1000", env_file: .env}
  b: "while :; do echo tick; sleep 0.05; done"
  c: {cmd: x, env_file: later, autostart: false}
""")
    writer = subprocess.Popen(["sh", "-c", "echo X=1 > .env"], cwd=project.folder)
    with project.up() as prox:
        prox.wait_line(re.compile(r"a +│ X=1$"))
        writer.wait(10)
        # Nobody writes any more: a restart waits, and everything else goes on.
        with asking(project, "restart", "a") as restart:
            assert project.get("/processes/c").json()["env"] == {}
            ticks = project.get("/logs?process=b").json()["total_count"]
            wait_until(lambda: project.get("/logs?process=b&lines=1").json()["total_count"] > ticks)
            _, said = restart.communicate(timeout=20)
        assert restart.returncode == 1
        assert "a was not restarted and still runs: .env: is not a regular file, and nothing was written to it" in said
        assert status(project, "a") == "running"


@pytest.mark.parametrize("how", ["pipe", "device"])
def test_a_configuration_that_is_no_file(how: str, project: Project) -> None:
    text = "processes: {a: 'echo here; pwd'}"
    if how == "pipe":
        os.mkfifo(project.folder / "config")
        writer = subprocess.Popen(["sh", "-c", f'echo "{text}" > config'], cwd=project.folder)
        ran = project.run("-c", "config", "up", "--exit-when-done")
        writer.wait(10)
    else:
        reading, writing = os.pipe()
        os.write(writing, text.encode())
        os.close(writing)
        ran = project.run("-c", "/dev/stdin", "up", "--exit-when-done", stdin=reading)
        os.close(reading)
    assert re.search(rf"a +│ {re.escape(str(project.folder))}$", ran.stdout, re.MULTILINE), ran.stdout + ran.stderr
    assert (project.folder / ".prox").exists()


@pytest.mark.parametrize("what", ["env file", "command", "folder"])
def test_what_cannot_start_again_is_not_stopped(what: str, project: Project) -> None:
    (project.folder / "sub").mkdir()
    (project.folder / ".env").touch()
    (project.folder / "sub" / "run").write_text("#!/bin/sh\nexec sleep 1000\n")
    (project.folder / "sub" / "run").chmod(0o755)
    project.write("processes: {a: {cmd: [./run], cwd: sub, env_file: .env, groups: [g]}}")
    with project.up():
        pid = project.get("/processes/a").json()["pid"]
        match what:
            case "env file":
                (project.folder / ".env").unlink()
                reason = ".env: not found"
            case "command":
                (project.folder / "sub" / "run").unlink()
                reason = "command './run' not found"
            case _:
                (project.folder / "sub").rename(project.folder / "other")
                reason = f"its working directory {project.folder}/sub does not exist"
        for name in ("a", "g"):
            ran = project.run("restart", name)
            assert (ran.returncode, f"a was not restarted and still runs: {reason}" in ran.stderr) == (1, True), ran
        assert project.get("/processes/a").json()["pid"] == pid


def test_a_start_that_was_overtaken(project: Project) -> None:
    project.write("processes: {slow: {cmd: exec sleep 1000, healthcheck: {log: x}}, a: {cmd: x, depends_on: [slow]}}")
    with project.up("slow"):
        with asking(project, "start", "a") as start:
            wait_until(lambda: status(project, "a") == "starting")
            project.run("stop", "a")
            _, said = start.communicate(timeout=20)
        assert "a was not started: a later request stopped it first" in said
        assert start.returncode == 1


# -- from a review


def test_empty_parameters_count_as_not_given(project: Project) -> None:
    project.write("processes: {a: 'echo x; exec sleep 1000', b: 'echo y; exec sleep 1000'}")
    with project.up() as prox:
        prox.wait_line(re.compile(r"a +│ x"))
        prox.wait_line(re.compile(r"b +│ y"))
        one = project.get("/logs?process=a,&lines=&regex=&since=&stream=")
        assert [record["line"] for record in one.json()["logs"]] == ["x"]
        every = {record["process"] for record in project.get("/logs?process=,").json()["logs"]}
        assert every >= {"a", "b", "system"}
        assert project.get("/logs?process=a,nobody").status == 404


def test_a_shutdown_says_who_asked(project: Project) -> None:
    project.write("processes: {a: exec sleep 1000}")
    with project.up() as prox:
        project.post("/shutdown", **{"User-Agent": "curl/8.0\x1b[31m"})
        line = prox.wait_line("POST /shutdown from curl/8.0")
        assert "(127.0.0.1), stopping" in line
        assert "\x1b[31m" not in line.partition("POST")[2]
        assert prox.wait() == 0


def test_a_preflight_needs_no_token(project: Project) -> None:
    project.write("api: {port: 0, auth: true}\nprocesses: {a: exec sleep 1000}")
    with project.up():
        asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
        answer = project.request("OPTIONS", "/api/v1/processes/a/restart", headers=asked)
        assert answer.status == 204
        assert sorted(answer.headers["Access-Control-Allow-Methods"].split(", ")) == ["OPTIONS", "POST"]
        assert project.request("OPTIONS", "/api/v1/processes", headers={"Origin": "http://localhost:1"}).status == 401
        evil = asked | {"Origin": "https://evil.example"}
        assert project.request("OPTIONS", "/api/v1/processes", headers=evil).status == 403


def test_a_link_in_the_place_of_the_lock_is_named(project: Project) -> None:
    project.write("processes: {a: x}")
    (project.folder / ".prox").mkdir(mode=0o700)
    (project.folder / ".prox" / "prox.pid").symlink_to("/etc/hostname")
    assert "prox.pid is a symbolic link; remove it" in project.run("up").stderr


def test_the_doctor_goes_on_after_a_token_that_others_can_read(project: Project) -> None:
    project.write("processes: {a: exec sleep 1000}")
    home = project.folder.parent / "home" / ".prox"
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "token").write_text("x" * 32)
    (home / "token").chmod(0o644)
    ran = project.run("doctor")
    assert ran.returncode == 1
    assert "other users can read ~/.prox/token" in ran.stdout
    assert "open files" in ran.stdout


# -- row 10: no /proc


@pytest.mark.parametrize("arguments", [("up",), ("up", "-d"), ("run", "j")])
def test_without_proc_nothing_is_started(arguments: tuple[str, ...], project: Project) -> None:
    project.write("processes: {a: 'touch started; exec sleep 1000'}\njobs: {j: touch started}")
    unshare = ["unshare", "--map-root-user", "--mount", "--pid", "--fork"]
    script = 'mount -t tmpfs none /proc && exec "$@"'
    ran = subprocess.run(
        [*unshare, "sh", "-c", script, "sh", *command(*arguments)],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert "/proc is not mounted" in ran.stderr
    assert not (project.folder / "started").exists()


# -- row 6: prox.log


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_the_log_of_the_background_is_rotated_while_it_runs(keep: int, project: Project) -> None:
    limits = f"logs: {{max_size: 64KB, keep: {keep}}}"
    project.write(f"{limits}\nprocesses: {{a: 'seq 30000; echo done; exec sleep 1000', b: sleep 1000}}")
    folder = project.folder / ".prox"

    def is_done() -> bool:
        # While it is rotated, there is none for a moment.
        with suppress(FileNotFoundError):
            return b"done\n" in (folder / "prox.log").read_bytes()
        return False

    try:
        project.run("up", "-d")
        wait_until(is_done)
        files = sorted(path.name for path in folder.glob("prox.log*"))
        assert files == ["prox.log", *(f"prox.log.{number}" for number in range(1, keep + 1))]
        assert all((folder / name).stat().st_size <= 64 * 1024 for name in files)
        shown = b"".join((folder / name).read_bytes() for name in reversed(files))
        numbers = [
            int(line.rpartition(b" ")[2]) for line in shown.splitlines() if re.search(rb"a +\xe2\x94\x82 \d+$", line)
        ]
        # Nothing is missing between the oldest line that is kept and the end.
        assert numbers == list(range(numbers[0], 30001))
    finally:
        project.run("down")
    assert b", stopping" in (folder / "prox.log").read_bytes()


def test_without_log_files_only_our_own_lines_are_kept(project: Project) -> None:
    project.write("logs: {dir: false}\nprocesses: {a: 'echo of the process; exec sleep 1000'}")
    try:
        project.run("up", "-d", "--wait")
    finally:
        project.run("down")
    log = (project.folder / ".prox" / "prox.log").read_text()
    assert "of the process" not in log
    assert ", stopping" in log


# -- row 4: prox.yaml is gone while it runs


@pytest.mark.parametrize("where", [".", "sub/deeper"])
def test_a_running_instance_needs_no_configuration(where: str, project: Project) -> None:
    project.write("processes: {a: 'echo here; exec sleep 1000'}")
    cwd = project.folder / where
    cwd.mkdir(parents=True, exist_ok=True)
    with project.up() as prox:
        prox.wait_line("here")
        (project.folder / "prox.yaml").rename(project.folder / "other-branch")
        for arguments in (("status",), ("logs", "a"), ("restart", "a"), ("wait", "a"), ("stop", "a"), ("start", "a")):
            ran = project.run(*arguments, cwd=cwd)
            assert ran.returncode == 0, ran
        assert "a" in project.run("status", cwd=cwd).stdout
        assert project.run("down", cwd=cwd).returncode == 0
        assert prox.wait() == 0
    assert project.run("status", cwd=cwd).returncode == 78


def test_a_project_within_another_is_one_of_its_own(project: Project) -> None:
    project.write("processes: {a: exec sleep 1000}")
    project.write("processes: {b: exec sleep 1000}", "inner/prox.yaml")
    with project.up():
        assert project.run("status", cwd=project.folder / "inner").returncode == 69
        assert project.run("down", cwd=project.folder / "inner").stdout == "nothing is running\n"
        assert status(project, "a") == "running"


# -- row 3: the files of a running instance are removed, or its folder moves

LIVES = """
processes:
  a: "while :; do echo tick; sleep 0.1; done"
  b: {cmd: 'echo $NOTIFY_SOCKET; exec sleep 1000', healthcheck: {notify: true}}
"""


def remove(folder: Path) -> None:
    """Remove a folder in which prox writes: a line that comes meanwhile makes a part of it anew."""
    while True:
        try:
            return shutil.rmtree(folder)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise


def lose(project: Project, how: str) -> Path:
    """Lose what tells of the instance; return where its project is then."""
    folder = project.folder
    if how == "folder":
        remove(folder / ".prox")
    elif how == "git clean":
        subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
        # As with `remove`.
        wait_until(lambda: subprocess.run(["git", "clean", "-fdxq"], cwd=folder, check=False).returncode == 0)
        project.write(LIVES)
    elif how == "moved":
        folder.rename(folder.with_name("elsewhere"))
        return folder.with_name("elsewhere")
    elif how == "moved and cleaned":
        remove(folder / ".prox")
        folder.rename(folder.with_name("elsewhere"))
        return folder.with_name("elsewhere")
    else:
        folder.rename(folder.with_name("elsewhere"))
        folder.mkdir()
        project.write(LIVES)
    return folder


@pytest.mark.real("git")
@pytest.mark.parametrize("how", ["folder", "git clean", "moved", "moved and cleaned", "replaced"])
def test_an_instance_lives_on_without_its_files(how: str, project: Project) -> None:
    project.write(LIVES)
    with project.up() as prox:
        prox.wait_line("tick")
        wait_until(lambda: project.get("/processes/a").json()["pid"])
        pid = project.get("/processes/a").json()["pid"]
        where = lose(project, how)

        def run(*args: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(command(*args), cwd=where, env=project.env, capture_output=True, text=True)

        assert str(prox.pid) in run("list").stdout
        assert json.loads(run("status", "--json").stdout)["processes"][0]["pid"] == pid
        for arguments in (["up"], ["up", "-d"]):
            again = run(*arguments)
            assert (again.returncode, f"prox is already running (pid {prox.pid}" in again.stderr) == (73, True)
        assert "leftovers: not checked: an instance is running" in run("doctor").stdout
        restarted = run("restart", "b")
        if where == project.folder:
            assert restarted.returncode == 0, restarted
        else:
            assert (restarted.returncode, "does not exist" in restarted.stderr) == (1, True), restarted
            assert not project.folder.exists()
        # Nobody has ended it, and it is still heard.
        assert json.loads(run("status", "--json").stdout)["processes"][0]["pid"] == pid
        seen = len(prox.output)
        wait_until(lambda: "tick" in prox.output[seen:])
        stopped = run("down")
        assert (stopped.returncode, prox.wait()) == (0, 0)
        assert json.loads(run("list", "--json").stdout)["instances"] == []
    assert where == project.folder or not project.folder.exists()


def test_up_without_the_configuration_says_who_runs(project: Project) -> None:
    project.write("processes: {a: exec sleep 1000}")
    with project.up() as prox:
        (project.folder / "prox.yaml").rename(project.folder / "other-branch")
        for arguments in (["up"], ["up", "-d"]):
            again = project.run(*arguments)
            assert (again.returncode, f"prox is already running (pid {prox.pid}" in again.stderr) == (73, True)


def test_a_removed_current_directory(project: Project) -> None:
    project.write("processes: {a: exec sleep 1000}")
    with project.up() as prox:
        prox.wait_line("prox 0")
        script = 'rm -rf "$PWD"; "$@" status; "$@" down; "$@" down'
        ran = subprocess.run(
            ["sh", "-c", script, "sh", *command()], cwd=project.folder, env=project.env, capture_output=True, text=True
        )
        assert "Traceback" not in ran.stderr
        assert "failed" not in ran.stderr
        assert re.search(r"^a +running", ran.stdout, re.MULTILINE)
        assert "\nstopped\n" in ran.stdout
        assert prox.wait() == 0
    assert not project.folder.exists()


def test_the_doctor_spares_what_lives_without_a_registry(project: Project, tmp_path: Path) -> None:
    project.write("processes: {a: exec sleep 1000}")
    with project.up() as prox:
        wait_until(lambda: project.get("/processes/a").json()["pid"])
        pid = project.get("/processes/a").json()["pid"]
        remove(project.folder / ".prox")
        other = project.env | {"HOME": str(tmp_path)}
        for arguments in (["doctor"], ["down"]):
            project.run(*arguments, env=other)
            assert is_alive(pid)
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0


# -- row 7: a daemon that has overwritten its environment

FORGETS = """
import os, signal, socket, sys, time
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
server.set_inheritable(True)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"], {})
"""
DAEMONS = [
    pytest.param("exec python3 forgets.py", id="python"),
    pytest.param("redis-server --port $PORT --daemonize yes --save ''", marks=pytest.mark.real("redis-server")),
]


def daemon_of(project: Project, name: str) -> int:
    """Return the pid of the daemon that a process has left, once it is named."""
    wait_until(lambda: "has left a daemon running" in (project.get(f"/processes/{name}").json()["reason"] or ""))
    return int(re.findall(r"\(pid (\d+)\)", project.get(f"/processes/{name}").json()["reason"])[0])


@pytest.mark.parametrize("cmd", DAEMONS)
def test_a_daemon_belongs_to_its_process(cmd: str, project: Project) -> None:
    project.write(FORGETS, "forgets.py")
    project.write(f"""
processes:
  a: {{cmd: {json.dumps(cmd)}, port: auto}}
  b: {{cmd: {json.dumps(cmd)}, port: auto}}
  other: exec sleep 1000
""")
    with project.up() as prox:
        daemons = {name: daemon_of(project, name) for name in ("a", "b")}
        for name, pid in daemons.items():
            port = project.get(f"/processes/{name}").json()["port"]
            wait_until(lambda pid=pid, port=port: f"(pid {pid}), holds port {port}" in project.client("status").stdout)
            with socket.create_connection(("127.0.0.1", port)):
                pass
        assert project.client("restart", "a").returncode == 0
        wait_until(lambda: not is_alive(daemons["a"]))
        again = daemon_of(project, "a")
        assert again != daemons["a"]
        assert is_alive(daemons["b"])
        stopped = project.client("stop", "a")
        assert (stopped.returncode, is_alive(again)) == (0, False)
        assert project.get("/processes/a").json()["reason"] is None
        assert project.client("stop", "a").returncode != 0
        assert project.client("down").returncode == 0
        assert prox.wait() == 0
        assert not is_alive(daemons["b"])


@pytest.mark.parametrize("cmd", DAEMONS)
def test_a_daemon_ends_by_itself_or_with_a_prox_that_is_killed(cmd: str, project: Project) -> None:
    project.write(FORGETS, "forgets.py")
    project.write(f"""
processes:
  once: {{cmd: {json.dumps(cmd)}, port: auto}}
  again: {{cmd: {json.dumps(cmd)}, port: auto, restart: always}}
""")
    with project.up() as prox:
        once, again = daemon_of(project, "once"), daemon_of(project, "again")
        os.kill(once, signal.SIGKILL)
        wait_until(lambda: project.get("/processes/once").json()["down"])
        assert project.get("/processes/once").json()["reason"] is None
        os.kill(again, signal.SIGKILL)
        wait_until(lambda: project.get("/processes/again").json()["restarts"] == 1)
        again = daemon_of(project, "again")
        prox.signal(signal.SIGKILL)
        prox.wait()
        wait_until(lambda: not is_alive(again))


HIDDEN = "env -i PATH=$PATH setsid -f sh -c 'echo $$ > {name}.pid; exec sleep 1000'"
"""Starts a daemon without an environment."""


def hidden_daemon(project: Project, name: str) -> int:
    path = project.folder / f"{name}.pid"
    wait_until(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


def test_daemons_side_by_side_are_told_apart(project: Project) -> None:
    """Also the daemon of a leader that goes on, and whatever `leftovers` says of others."""
    names = ["live", "quick", "first", "second"]
    hidden = {name: HIDDEN.format(name=name) for name in names}
    project.write(f"""
processes:
  live: {{cmd: "{hidden["live"]}; exec sleep 1000"}}
  quick: {{cmd: "{hidden["quick"]}; sleep 0.3"}}
  plain: {{cmd: sleep 0.3}}
  first: {{cmd: "{hidden["first"]}; sleep 0.3"}}
  second: {{cmd: "{hidden["second"]}; sleep 0.3"}}
  kept: {{cmd: exec sleep 1000, stop: {{leftovers: ignore}}}}
""")
    with project.up() as prox:
        pids = {name: hidden_daemon(project, name) for name in names}
        for name in names[1:]:
            assert daemon_of(project, name) == pids[name]
        assert project.get("/processes/plain").json()["reason"] is None
        for stopped in ("quick", "first"):
            assert project.client("stop", stopped).returncode == 0
            assert not is_alive(pids.pop(stopped))
            assert all(map(is_alive, pids.values()))
        (project.folder / "live.pid").unlink()
        assert project.client("restart", "live").returncode == 0
        assert not is_alive(pids["live"])
        pids["live"] = hidden_daemon(project, "live")
        assert project.client("stop", "live").returncode == 0
        assert not is_alive(pids.pop("live"))
        assert is_alive(pids["second"])
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
        assert not is_alive(pids["second"])


def test_a_job_leaves_the_daemons_of_others_alone(project: Project) -> None:
    project.write(f"""
jobs:
  long: "{HIDDEN.format(name="long")}; sleep 1.5; kill -0 $(cat long.pid)"
  short: sleep 0.5
  other: {{cmd: "{HIDDEN.format(name="other")}; sleep 0.5", stop: {{leftovers: ignore}}}}
  unasked: {{cmd: sleep 1, stop: {{leftovers: report}}}}
""")
    ran = project.run("run", "long", "short")
    assert ran.returncode == 0, ran.stdout
    assert not is_alive(hidden_daemon(project, "long"))


def test_requests_for_a_process_with_a_daemon_at_once(project: Project) -> None:
    project.write(FORGETS, "forgets.py")
    project.write("processes: {a: {cmd: exec python3 forgets.py, port: auto}}")
    with project.up():
        daemon_of(project, "a")
        for _ in range(3):
            asked = [
                asking(project, *args) for args in (("restart", "a"), ("restart", "a"), ("stop", "a"), ("start", "a"))
            ]
            for each in asked:
                each.communicate(timeout=30)
        assert project.client("down").returncode == 0


# -- row 8: few descriptors


@pytest.mark.parametrize("limit", [96, 128, 200])
def test_with_few_descriptors_what_fits_is_started(limit: int, project: Project) -> None:
    names = [f"p{number}" for number in range(60)]
    project.write(
        "processes:\n" + "".join(f"  {name}: {{cmd: echo hi; exec sleep 1000, port: auto}}\n" for name in names)
    )

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    with project.up(preexec_fn=limited) as prox:
        wait_until(lambda: all(project.get(f"/processes/{name}").json()["status"] != "starting" for name in names))
        found = {each["name"]: each for each in project.get("/processes").json()["processes"]}
        started = [name for name in names if found[name]["status"] == "running"]
        assert 0 < len(started) < limit / 5
        for name in names:
            if name not in started:
                assert "too many open files" in found[name]["reason"]
                assert "raise the limit (ulimit -n)" in found[name]["reason"]
        for name in started:
            prox.wait_line(re.compile(rf"{name} +│ hi"))
        # What gets free is used (log files stay open), and answers come all the while.
        other = next(name for name in names if name not in started)
        assert project.client("start", other).returncode != 0
        assert project.client("stop", *started).returncode == 0
        assert project.client("start", other).returncode == 0
        assert project.client("down").returncode == 0
        assert prox.wait() == 0
    for name in (*started, other):
        assert (project.folder / f".prox/logs/{name}.log").read_text().endswith(" out hi\n")
    assert "log files could not" not in prox.output


def test_every_client_gets_an_answer(project: Project) -> None:
    """Streams take what descriptors there are; who comes then is refused at once, and is answered when one goes."""
    project.write("processes:\n" + "".join(f"  p{number}: exec sleep 1000\n" for number in range(10)))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))

    with project.up(preexec_fn=limited) as prox:
        state = project.state()
        assert state
        with ExitStack() as stack:
            for _ in range(90):
                stream = stack.enter_context(socket.create_connection((state["host"], state["port"])))
                stream.sendall(b"GET /api/v1/logs/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for _ in range(5):
                # 200 where a stream has not begun yet, and makes room.
                answer = project.get("/status")
                assert answer.status == 200 or answer.json()["code"] == "TOO_MANY_CONNECTIONS"
        wait_until(lambda: project.get("/status").status == 200)
        assert project.client("down").returncode == 0
        assert prox.wait() == 0


def test_a_restart_has_the_descriptors_of_what_it_stops(project: Project) -> None:
    project.write("processes:\n" + "".join(f"  p{number}: echo hi; exec sleep 1000\n" for number in range(60)))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (160, 160))

    with project.up(preexec_fn=limited) as prox:
        prox.wait_line("too many open files")
        wait_until(lambda: all(each["status"] != "starting" for each in project.get("/processes").json()["processes"]))
        running = [each["name"] for each in project.get("/processes").json()["processes"] if each["pid"]]
        for name in running:
            prox.wait_line(re.compile(rf"{name} +│ hi"))
        for name in running[:3]:
            assert project.client("restart", name).returncode == 0
        project.client("down")


# -- row 11: a line that has no end yet

PROGRESS = (
    'for n in 1 2 3; do printf "$n\\r"; done; sleep 0.7; printf "4%%\\r5%%"; sleep 0.7; echo "\\rdone"; sleep 1000'
)


def records_of(project: Project, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.get(f"/logs?process={name}").json()["logs"]
    return found


def test_a_prompt_is_seen(project: Project) -> None:
    project.write("""
processes:
  ask: {cmd: 'printf "Continue? "; until test -e go; do sleep 0.05; done; echo yes; exec sleep 1000',
        healthcheck: {log: Continue}}
  after: {cmd: exec sleep 1000, depends_on: {ask: {log: "^Continue. $"}}}
  whole: {cmd: 'printf "Listening on"; sleep 2; echo " 8080"; exec sleep 1000', healthcheck: {log: on 8080}}
""")
    with project.up() as prox:
        prox.wait_line(re.compile(r"ask +│ Continue\? "))
        for name in ("ask", "after", "whole"):
            wait_until(lambda name=name: project.get(f"/processes/{name}").json()["ready"])
        assert [(each["line"], each.get("partial")) for each in records_of(project, "ask")] == [("Continue? ", True)]
        assert project.get("/logs?process=ask&pattern=Cont").json()["filtered_count"] == 1
        assert "Continue? " in project.client("logs", "ask").stdout
        assert not (project.folder / ".prox/logs/ask.log").exists()
        project.write("", "go")
        wait_until(lambda: len(records_of(project, "ask")) == 2)
        assert [(each["line"], each.get("partial")) for each in records_of(project, "ask")] == [
            ("Continue? ", True),
            ("yes", None),
        ]
        assert project.client("logs", "ask").stdout.endswith("│ Continue? yes\n")
        assert project.client("down").returncode == 0
        assert prox.wait() == 0
    assert (project.folder / ".prox/logs/ask.log").read_text().endswith(" out Continue? yes\n")
    assert (project.folder / ".prox/logs/whole.log").read_text().endswith(" out Listening on 8080\n")


def test_of_a_progress_bar_the_newest_state_is_seen(project: Project) -> None:
    project.write(PROGRESS, "bar.sh")
    project.write("processes: {bar: {cmd: sh bar.sh, autostart: false, healthcheck: {log: ^done}}}")
    with project.up() as prox:
        project.client("start", "bar")
        wait_until(lambda: project.get("/processes/bar").json()["ready"])
        assert [(each["line"], each.get("partial"), each.get("replaces")) for each in records_of(project, "bar")] == [
            ("3", True, None),
            ("5%", True, True),
            ("done", None, True),
        ]
        shown = [line.split("│ ")[1] for line in project.client("logs", "bar").stdout.splitlines()]
        assert shown == ["3", "5%", "done"]
        project.client("down")
        prox.wait()
    kept = (project.folder / ".prox/logs/bar.log").read_bytes()
    assert kept.endswith(b" out 1\r2\r3\r4%\r5%\rdone\n")
    assert kept.count(b"\n") == 1


def test_patterns_see_lines_that_were_shown_in_parts(project: Project) -> None:
    script = ["printf 'caf\\303'", "sleep 0.7", "printf '\\251 is '", "sleep 0.7", "echo closed", "exit 3"]
    project.write("\n".join(script), "b.sh")
    project.write("""
processes: {a: {cmd: "printf 'rea'; sleep 0.7; printf 'dy to'; sleep 0.7; echo ' serve'; exec sleep 1000"}}
jobs: {b: sh b.sh}
""")
    with project.up():
        assert project.client("wait", "a", "--log", "^ready to serve$", "--timeout", "20s").returncode == 0
        assert project.client("logs", "a", "--pattern", "ready to serve").stdout.endswith(" serve\n")
    ran = project.run("run", "b")
    assert ran.returncode == 3
    assert "\n  café is closed\n" in ran.stdout[ran.stdout.index("last lines") :]


def test_a_command_that_ends_within_a_line(project: Project) -> None:
    project.write("jobs: {a: 'printf waiting; sleep 0.7; printf \" more\"'}")
    ran = project.run("run")
    assert re.search(r"a +│ waiting more$", ran.stdout, re.MULTILINE)


# -- as on macOS before Python 3.13: without waitid(2), and without pidfds

LESS = """
import os
for name in {names}:
    if hasattr(os, name):
        delattr(os, name)
"""


@pytest.mark.parametrize("names", [["waitid", "pidfd_open"], ["pidfd_open"]], ids="-".join)
def test_with_less_of_a_system(names: list[str], project: Project) -> None:
    """More processes than Trio has threads: their ends are seen all the same."""
    (project.folder / "less").mkdir()
    (project.folder / "less/sitecustomize.py").write_text(LESS.format(names=names))
    count = 45
    project.write(
        "processes:\n"
        + "".join(f"  p{number}: exec sleep 1000\n" for number in range(count))
        + "  orphans: {cmd: \"(sh -c 'sleep 0.1 & exit' &); exec sleep 1000\"}\n  fails: {cmd: sleep 0.2; exit 3}\n"
    )
    env = project.env | {"PYTHONPATH": str(project.folder / "less")}
    with project.up(env=env) as prox:
        prox.wait_line("fails crashed: exited with code 3")
        found = project.get("/processes").json()["processes"]
        assert [each["status"] for each in found].count("running") == count + 1
        assert all(each["memory_bytes"] for each in found if each["status"] == "running")
        pid = next(each["pid"] for each in found if each["name"] == "p7")
        os.kill(pid, signal.SIGKILL)
        prox.wait_line("p7 crashed: ended by SIGKILL")
        assert project.client("restart", "p8").returncode == 0
        prox.signal(signal.SIGINT)
        assert prox.wait() == 0


# -- warnings of an instance in the background


@pytest.mark.parametrize(
    ("config", "warning"),
    [
        (
            "api: {port: 0, host: 0.0.0.0, auth: false}\nprocesses: {a: exec sleep 1000}",
            "api.auth is false: anyone who",
        ),
        ("processes: {a: [sleep, '1000', $HOME]}", "processes.a.cmd passes '$HOME' on as written"),
    ],
)
def test_warnings_of_the_background_are_shown(config: str, warning: str, project: Project) -> None:
    project.write(config)
    started = project.run("up", "-d")
    assert project.run("down").returncode == 0
    assert started.returncode == 0
    assert f"prox: warning: {warning}" in started.stderr
