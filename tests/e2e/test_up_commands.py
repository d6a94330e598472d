"""Commands that cannot be run: the end of that process, as a shell has it, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.project import Project


def test_commands_that_cannot_be_run(project: Project) -> None:
    project.write("""
processes:
  missing: [no-such-program, --flag]
  missing-in-shell: no-such-program
  no-program: [./prox.yaml]
  lost: {cmd: exec sleep 1000, cwd: not/there}
  good: exec sleep 1000
""")
    with project.up() as prox:
        for name in ("missing", "no-program", "lost"):
            prox.wait_line(f"{name} was not started")
        prox.wait_line("missing-in-shell crashed")
        found = {process["name"]: process for process in project.get("/processes").json()["processes"]}
        status = project.client("status").stdout
        failed = project.client("start", "missing")
    assert {name: (process["status"], process["exit_code"]) for name, process in found.items()} == {
        "missing": ("crashed", 127),
        "missing-in-shell": ("crashed", 127),
        "no-program": ("crashed", 126),
        "lost": ("crashed", 127),
        "good": ("running", None),
    }
    reasons = {
        "missing": "command 'no-such-program' not found; install it, or add its directory to PATH",
        "missing-in-shell": "exited with code 127",
        "no-program": "the command './prox.yaml' cannot be run: Permission denied",
        "lost": f"its working directory {project.folder}/not/there does not exist; create it, or change its cwd",
    }
    assert {name: process["reason"] for name, process in found.items() if process["reason"]} == reasons
    assert all(f"\n{name}: {reason}\n" in status for name, reason in reasons.items())
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == f"prox: missing was not started: {reasons['missing']}\n"
    # The closing summary.
    assert prox.output.count("no-program crashed: the command './prox.yaml' cannot be run") == 1


def test_what_is_not_in_this_version_yet(project: Project) -> None:
    project.write("processes: {web: touch started, shell: {cmd: sh, tty: true}}")
    ran = project.run("up")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == "prox: processes.shell.tty is not in this version; remove it from prox.yaml\n"
    project.write("processes: {web: touch started}")
    ran = project.run("attach", "web")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == "prox: `prox attach NAME`, the terminal of one process, is not in this version; omit NAME\n"
    assert not (project.folder / "started").exists()
