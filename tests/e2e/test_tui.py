"""The terminal UI in a real terminal: how it starts, how it is left, and what it makes of bad terminals."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.terminal import Terminal

if TYPE_CHECKING:
    from helpers.project import Project

TEXT = """
api: {port: 0}
processes:
  web: {cmd: "for n in 1 2 3; do echo page $n; done; echo ready; exec sleep 1000", healthcheck: {log: ready}}
  worker: {cmd: "trap 'echo bye > said; exit' TERM; echo working; while :; do sleep 0.1; done"}
"""


@pytest.fixture
def written(project: Project) -> Project:
    project.write(TEXT)
    return project


def test_up_with_the_ui_stops_everything_when_it_is_quit(written: Project) -> None:
    with Terminal(written, "up", "--tui") as ui:
        ui.until("web    ● running")
        ui.until(lambda: re.search(r"worker +│ working", ui.text) is not None)
        assert ui.lines[0].startswith("project  connected")
        assert ui.lines[-1].startswith("? help  q quit")
        ui.type("q")
        assert ui.wait() == 0
        assert ui.is_restored
        assert "stopping 2 processes" in ui.text
    assert (written.folder / "said").read_text() == "bye\n"
    assert written.state() is None


def test_detaching_releases_the_instance(written: Project) -> None:
    with Terminal(written, "up", "--tui") as ui:
        ui.until("● running")
        ui.type("d")
        assert ui.wait() == 0
        assert "prox goes on" in ui.text
    assert written.get("/status").json()["status"] == "running"
    # It shows it again, and leaves it as it is.
    for key in ("q", "d"):
        with Terminal(written, "attach") as ui:
            ui.until("web    ● running")
            ui.until("working")
            ui.type(key)
            assert ui.wait() == 0
            assert ui.is_restored
        assert written.get("/status").json()["status"] == "running"
    assert written.run("down").returncode == 0


def test_an_instance_of_somebody_else_is_left(written: Project) -> None:
    with Terminal(written, "up", "--tui") as ui:
        ui.until("working")
        written.run("down")
        ui.until("stopped")
        written.run("up", "-d")
        ui.until("another instance")
        ui.type("q")
        assert ui.wait() == 0
    assert written.get("/status").json()["status"] == "running"
    written.run("down")


def test_where_an_instance_runs_up_names_attach(written: Project) -> None:
    with written.up(), Terminal(written, "up", "--tui") as ui:
        assert ui.wait() == 73
        assert "prox attach" in ui.text.replace("\n", "")


def test_attach_without_an_instance_is_69(written: Project) -> None:
    ran = written.run("attach")
    assert (ran.returncode, ran.stdout) == (69, "")
    assert "`prox up` starts one" in ran.stderr


def test_errors_of_the_start_are_told_without_a_ui(project: Project) -> None:
    project.write("processes: {web: {cmd: x, port: nowhere}}")
    with Terminal(project, "up", "--tui") as ui:
        assert ui.wait() == 78
        assert "prox.yaml:1:" in ui.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_restore_the_terminal_and_stop_everything(written: Project, number: int) -> None:
    with Terminal(written, "up", "--tui") as ui:
        ui.until("working")
        os.kill(ui.pid, number)
        ui.wait()
        assert ui.is_restored
    assert (written.folder / "said").read_text() == "bye\n"
    assert written.state() is None


def test_killed_with_sigkill_its_instance_stops(written: Project) -> None:
    with Terminal(written, "up", "--tui") as ui:
        ui.until("working")
        state = written.state()
        assert state
        os.kill(ui.pid, signal.SIGKILL)
        assert ui.wait() == -signal.SIGKILL
        while os.path.exists(f"/proc/{state['pid']}"):
            pass
    assert (written.folder / "said").read_text() == "bye\n"


@pytest.mark.parametrize("size", [(10, 3), (40, 12), (1, 1), (300, 80)])
def test_any_size(written: Project, size: tuple[int, int]) -> None:
    with written.up(), Terminal(written, "attach", size=size) as ui:
        ui.until(lambda: b"\x1b[?1049h" in ui.written)
        if size == (40, 12):
            ui.until("web    ● running")
            ui.until(lambda: re.search(r"web +│ page 3", ui.text) is not None)
            assert "? help" in ui.lines[-1]
        ui.type("2", "/", "x", "esc", "?", "esc", "f4", "esc", "q")
        assert ui.wait() == 0
        assert ui.is_restored


def test_a_size_that_comes_back_before_it_is_seen(written: Project) -> None:
    """The terminal has lost what was drawn; the UI sees the size that it knows."""
    with written.up(), Terminal(written, "attach") as ui:
        ui.resize(100, 25)
        ui.until("● running")
        ui.until(lambda: "? help" in ui.lines[-1])
        os.kill(ui.pid, signal.SIGSTOP)
        ui.resize(10, 3)
        ui.resize(100, 25)
        assert "connected" not in ui.text
        os.kill(ui.pid, signal.SIGCONT)
        ui.until(lambda: "connected" in ui.lines[0] and "? help" in ui.lines[-1])


def test_a_storm_of_sizes(written: Project) -> None:
    with written.up(), Terminal(written, "attach") as ui:
        # While it starts, too.
        ui.resize(90, 20)
        ui.until("● running")
        for n in range(50):
            ui.resize(10 + 3 * n, 3 + n)
        ui.resize(100, 25)
        ui.until(lambda: "web    ● running" in ui.text and "? help" in ui.lines[-1])
        ui.type("q")
        assert ui.wait() == 0


def test_suspending_and_coming_back(written: Project) -> None:
    with written.up(), Terminal(written, "attach") as ui:
        ui.until("● running")
        ui.type("\x1a")
        while os.waitid(os.P_PID, ui.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG) is None:
            ui._read(0.02)
        assert ui.is_restored
        os.kill(ui.pid, signal.SIGCONT)
        ui.until("web    ● running")
        # Title and footer, too.
        ui.until(lambda: ui.lines[0].startswith("project  connected") and "? help" in ui.lines[-1])
        ui.type("1")
        ui.until("▪1 web")
        ui.type("q")
        assert ui.wait() == 0


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"CI": "true"}])
def test_without_a_terminal_for_it_lines_are_printed(written: Project, variables: dict[str, str]) -> None:
    with written.up(), Terminal(written, "attach", env=variables) as ui:
        ui.until(lambda: re.search(r"web +│ page 3", ui.text) is not None)
        assert b"\x1b[?1049h" not in ui.written
        written.run("down")
        assert ui.wait() == 0


def test_up_without_a_terminal_is_up_in_the_foreground(written: Project) -> None:
    with written.up("--tui") as prox:
        prox.wait_line("page 3")


def test_colours_can_be_left_out(written: Project) -> None:
    with written.up(), Terminal(written, "attach", env={"NO_COLOR": "1"}) as ui:
        ui.until("● running")
        ui.type("q")
        assert ui.wait() == 0
        assert not re.search(rb"\x1b\[[0-9;]*[34][1-8][;m]", ui.written)


def test_an_instance_that_is_restarted(written: Project) -> None:
    written.run("up", "-d")
    with Terminal(written, "attach") as ui:
        ui.until("web    ● running")
        written.run("down")
        ui.until("stopped")
        written.run("up", "-d")
        ui.until("connected to a new instance")
        ui.until("project  connected")
        ui.until("web    ● running")
        ui.type("q")
        assert ui.wait() == 0
    written.run("down")


def test_an_instance_that_is_killed(written: Project) -> None:
    written.run("up", "-d")
    with Terminal(written, "attach") as ui:
        ui.until("web    ● running")
        state = written.state()
        assert state
        os.kill(state["pid"], signal.SIGKILL)
        ui.until("reconnecting")
        ui.until("connection lost")
        ui.type("q")
        assert ui.wait() == 0


HOSTILE = [
    "\x1b[2J\x1b[1;1Hcleared",
    "\x1b]0;title\x07titled",
    "\x1b]52;c;aGFja2Vk\x07copied",
    "\x1b[?1049lleft",
    "\x1bPq#0;2;0;0;0\x1b\\sixel",
    "\x9b2Jc1",
    "<b>bold</b> [red]markup[/red] [link=x]y[/link]",
    "emoji 👩‍👩‍👧 👍🏽 é",
    "rtl \u202eevil\u202c \u05e9\u05dc\u05d5\u05dd",
    "nul\x00 bell\x07 back\x08space \x7f",
    "tab\tbed\x0bvt\x0cff",
    "wide 日本語",
]


def test_hostile_output_is_only_text(project: Project) -> None:
    (project.folder / "hostile").write_bytes(b"".join(f"{line}\n".encode() for line in HOSTILE))
    with (project.folder / "hostile").open("ab") as file:
        file.write(b"\xff\xfe invalid\n" + b"x" * (1024 * 1024) + b" end of long line\n")
    project.write("logs: {buffer_bytes: 16MB}\nprocesses: {web: 'cat hostile; echo done; exec sleep 1000'}")
    with project.up() as prox, Terminal(project, "attach", size=(100, 40)) as ui:
        prox.wait_line("done")
        ui.until(lambda: re.search(r"web +│ done", ui.text) is not None)
        ui.type("1", "g")
        ui.until("bold</b>")
        for expected in ("cleared", "titled", "copied", "left", "sixel", "c1", "[red]markup[/red]", "日本語", "back"):
            assert expected in ui.text
        assert "project  connected" in ui.lines[0]
        assert b"aGFja2Vk" not in ui.written
        assert b"title\x07" not in ui.written
        ui.type("G")
        ui.until("done")
        ui.type("q")
        assert ui.wait() == 0
        assert ui.is_restored


def test_bad_keys_are_told_and_the_others_used(written: Project) -> None:
    folder = written.folder.parent / "home" / ".config" / "prox"
    folder.mkdir(parents=True)
    (folder / "keys.yaml").write_text("wrp: W\n")
    with written.up(), Terminal(written, "attach", size=(160, 30)) as ui:
        ui.until("no command named 'wrp'")
        assert "keys.yaml" in ui.text
        ui.type("q")
        assert ui.wait() == 0
    (folder / "keys.yaml").write_text("quit: Q\n")
    with written.up(), Terminal(written, "attach") as ui:
        ui.until("Q quit")
        ui.type("q", "Q")
        assert ui.wait() == 0


def test_accessible(written: Project) -> None:
    with Terminal(written, "up", "--tui", "--accessible") as ui:
        ui.until("web: page 3")
        ui.type("status", "enter")
        ui.until("web is running")
        ui.type("restart web", "enter")
        ui.until("web: restarted")
        ui.type("filter !page", "enter")
        ui.until("lines that match !page")
        ui.type("stop web", "enter")
        ui.until("web: stopped")
        ui.type("stopp web", "enter")
        ui.until("no command named 'stopp' (did you mean 'stop'?)")
        ui.type("quit", "enter")
        assert ui.wait() == 0
        assert "stopping 1 process" in ui.text
        # Nothing is drawn.
        assert b"\x1b[" not in ui.written
    assert written.state() is None


def test_accessible_without_input(written: Project) -> None:
    """The end of the input quits, maybe before the UI is connected."""
    ran = written.run("up", "--tui", "--accessible")
    assert ran.returncode == 0
    assert "stopping 2 processes" in ran.stdout
    assert written.state() is None
