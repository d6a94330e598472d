"""`prox exec`: a command in the environment and the folder of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.project import Project


def test_a_command_in_the_place_of_a_process(looked_at: Project) -> None:
    script = 'echo "$PORT $PROX_PORT_WEB $PROX_PROCESS $GREETING $API_TOKEN $PROX_INSTANCE"; pwd; cat; exit 7'
    (looked_at.folder.parent / "input").write_text("what it is sent\n")
    with (looked_at.folder.parent / "input").open() as stdin:
        ran = looked_at.run("exec", "web", "--", "sh", "-c", script, stdin=stdin)
    port = looked_at.get("/processes/web").json()["port"]
    assert (ran.returncode, ran.stderr) == (7, "")
    assert ran.stdout.splitlines() == [
        # No mark of the instance: it is nothing that prox would have to end.
        f"{port} {port} web hello of-the-web ", str(looked_at.folder / "below"), "what it is sent"
    ]  # fmt: skip
    # The dashes may be missing, and what follows is the command's, whatever it looks like.
    assert looked_at.run("exec", "worker", "echo", "--json", "--", "-c").stdout == "--json -- -c\n"


def test_commands_that_cannot_be_run(looked_at: Project) -> None:
    for words, code, said in (
        (("web", "--", "no-such-program"), 127, "command 'no-such-program' not found"),
        (("web", "--", "./"), 126, "cannot run command './': Permission denied"),
        (("web", "--"), 64, "the command is missing: prox exec NAME -- COMMAND"),
        (("wbe", "--", "true"), 64, "no process or job named 'wbe' (did you mean 'web'?)"),
    ):
        ran = looked_at.run("exec", *words)
        assert (ran.returncode, ran.stdout) == (code, "")
        assert ran.stderr.startswith(f"prox: {said}")


def test_a_command_where_nothing_runs(project: Project) -> None:
    project.write("processes: {web: {cmd: sleep 1000, port: 7777, env: {A: b}}, api: {cmd: sleep 1, cwd: none}}")
    ran = project.run("exec", "web", "--", "sh", "-c", "echo $A $PORT $PROX_PROCESS; kill -TERM $$")
    assert (ran.returncode, ran.stdout) == (-15, "b 7777 web\n")
    lost = project.run("exec", "api", "--", "true")
    assert lost.returncode == 127
    assert (
        lost.stderr == f"prox: working directory {project.folder}/none of api not found; create it, or change its cwd\n"
    )


def test_a_terminal_belongs_to_the_command(looked_at: Project) -> None:
    shown = looked_at.launch(
        "exec", "web", "--", "sh", "-c", "test -t 0 && echo ready; read it; echo got $it", terminal=True
    )
    shown.wait_line("ready")
    shown.type(b"this\n")
    assert shown.wait() == 0
    assert shown.output.endswith("got this\n")


def test_the_urls_of_services(project: Project) -> None:
    project.write(
        "api: {port: 0}\nprocesses: {web: {cmd: sleep 1000, port: auto}}\n"
        "proxy: {domain: localhost, http_port: 6789}\nservices: {app: {process: web}}"
    )
    with project.up("--http-port", "0"):
        ran = project.run("exec", "web", "--", "sh", "-c", "echo $PROX_URL_APP")
        assert ran.stdout.strip() == project.get("/status").json()["urls"]["app"]
