"""Each key of the table, by Textual's pilot, on a real instance."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING

import pytest

from prox.tui import commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Drive, Driver
    from helpers.project import Project

TEXT = r"""
logs: {buffer_lines: 50}
processes:
  web:
    cmd: |
      for n in 1 2 3 4 5 6 7 8; do echo "GET /page/$n"; done
      echo 'ERROR: web is broken'; echo '  at one'; echo '  at two'; echo 'after the trace'
      echo ready; exec sleep 1000
    healthcheck: {log: ready}
  api:
    cmd: echo '{"level":"warn","msg":"low disk","free":12}'; exec sleep 1000
    depends_on: [web]
  other: {cmd: "echo 'ERROR: other is broken'; exec sleep 1000", autostart: false}
  bad: exit 3
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """An instance for tests that look, and start and stop only ``other``."""
    from helpers.project import Project

    project = Project.create(tmp_path_factory.mktemp("tui"))
    project.write(TEXT)
    try:
        with project.up() as prox:
            prox.wait_line("low disk")
            prox.wait_line("bad crashed")
            yield project
    finally:
        project.close()


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_the_screen_at_the_start(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.until("connected")
        first = ui.lines[0]
        assert first.startswith("project ")
        assert re.search(r"1 web +● running", ui.screen)
        assert re.search(r"4 bad +✕ crashed", ui.screen)
        assert re.search(r"3 other ○ stopped", ui.screen)
        assert re.search(r"api +│ WARN  low disk  free=12", ui.screen)
        assert "? help  q quit" in ui.lines[-1]
        assert ui.app.focused is ui.app.pane("processes")

    drive(running, steps)


def test_moving_and_opening(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("j", "down", "k", "enter")
        assert ui.app.view.processes == {"api"}
        await ui.press("tab")
        assert ui.app.focused is ui.app.log_pane
        await ui.press("k")
        assert ui.app.view.cursor is not None
        assert not ui.app.view.follow
        await ui.press("j")
        assert ui.app.view.follow
        await ui.press("tab")
        assert ui.app.focused is ui.app.pane("processes")
        await ui.press("escape")
        assert ui.app.view.processes is None

    drive(running, steps)


def test_choosing_processes(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("low disk")
        await ui.press("2")
        assert "low disk" in ui.screen
        assert "GET /page" not in ui.screen
        assert ui.app.pane("processes").cursor == 1
        # With one process in the view, its name is not repeated.
        assert "api │" not in ui.screen.replace("●", "")
        await ui.press("k", "space")
        assert ui.app.view.processes == {"web", "api"}
        assert "▪1 web" in ui.screen
        await ui.press("0")
        assert ui.app.view.processes is None
        await ui.press("9")
        assert ui.app.view.processes is None

    drive(running, steps)


def test_filter(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("slash", *"get")
        assert "GET /page/8" in ui.screen
        assert "low disk" not in ui.screen
        await ui.press("space", "exclamation_mark", "8", "enter")
        assert "GET /page/8" not in ui.screen
        assert "filter: get !8" in ui.screen
        await ui.press("slash", "escape")
        assert "GET /page/8" in ui.screen
        await ui.press("slash", "tilde", *"page/[78]$", "enter")
        assert [line for line in ui.lines if "page/6" in line] == []
        assert "page/7" in ui.screen
        await ui.press("slash")
        ui.app.prompt.value = "~("
        await ui.pause()
        assert "not a regular expression" in ui.screen
        await ui.press("escape")

    drive(running, steps)


def test_find(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("ctrl+f", *"page", "enter")
        await ui.until("hit 8 of 8")
        await ui.press("N")
        await ui.until("hit 7 of 8")
        await ui.press("n")
        await ui.until("hit 8 of 8")
        await ui.press("n")
        await ui.until("no later hit")
        await ui.press("escape")
        assert "hit" not in ui.screen

    drive(running, steps)


def test_errors_over_all_processes(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("2", "E")
        assert ui.app.view.processes is None
        assert "ERROR: web is broken" in ui.screen
        line = ui.app.state.store.get(ui.app.view.cursor or 0)
        assert line
        assert line.text == "ERROR: web is broken"
        await ui.press("e")
        assert ui.app.view.cursor == line.number

    drive(running, steps)


def test_oldest_and_newest(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("g")
        assert "prox 0" in ui.screen
        assert not ui.app.view.follow
        ui.app.state.store.note("system", "… 1 204 lines not shown", gap=True)
        ui.app.view.update()
        ui.app.draw()
        await ui.pause()
        assert "1 new ↓" in ui.screen
        await ui.press("G")
        assert "… 1 204 lines not shown" in ui.screen
        assert "following" in ui.screen
        await ui.press("pageup")
        assert not ui.app.view.follow
        await ui.press("tab", "pageup", "home", "end")
        assert ui.app.view.follow

    drive(running, steps, size=(80, 12))


def test_wrap_times_and_zoom(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        assert re.search(r"\d\d:\d\d:\d\d web", ui.screen)
        await ui.press("t")
        assert re.search(r"\+\d+\.\d{3} web", ui.screen)
        await ui.press("t")
        assert not re.search(r"\d\d:\d\d:\d\d", ui.screen)
        await ui.press("w")
        assert not ui.app.view.wrap
        await ui.press("tab", "z")
        assert "● running" not in ui.screen
        await ui.press("z", "tab", "z")
        assert "GET /page" not in ui.screen
        assert "● running" in ui.screen
        await ui.press("escape")
        assert "GET /page" in ui.screen

    drive(running, steps)


def test_traces_and_structured_lines_unfold(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ERROR: web is broken  ▸ 2 lines")
        assert "at one" not in ui.screen
        await ui.press("E", "tab", "enter")
        assert "at one" in ui.screen
        await ui.press("enter")
        assert "at one" not in ui.screen
        await ui.press("slash", *"low", "enter", "enter")
        assert "free: 12" in ui.screen
        await ui.press("escape", "escape", "g")
        await ui.press("enter")
        assert "nothing to unfold" in ui.screen

    drive(running, steps)


def test_copying(running: Project, drive: Drive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("1", "y")
        await ui.until("copied 1 line")
        assert ui.app.clipboard == "ready"
        await ui.press("v", "up", "up")
        assert "5 lines marked" in ui.screen
        await ui.press("y")
        # Lines that are folded below a marked one are copied, too.
        assert ui.app.clipboard.splitlines() == [
            "ERROR: web is broken",
            "  at one",
            "  at two",
            "after the trace",
            "ready",
        ]
        await ui.press("slash", *"page", "enter", "Y")
        await ui.until("copied 8 lines")
        assert ui.app.clipboard.splitlines() == [f"GET /page/{n}" for n in range(1, 9)]
        await ui.press("v", "escape")
        assert ui.app.view.marked_from is None

    drive(running, steps)


def test_the_mouse_copies_text_only(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        first = next(n for n, line in enumerate(ui.lines) if "GET /page/7" in line)
        column = ui.lines[first].index("GET")
        pane = ui.app.log_pane.region
        await ui.pilot.mouse_down(ui.app.log_pane, offset=(column - pane.x, first - pane.y))
        await ui.pilot.hover(ui.app.log_pane, offset=(column - pane.x + 8, first - pane.y + 1))
        await ui.pilot.mouse_up(ui.app.log_pane, offset=(column - pane.x + 8, first - pane.y + 1))
        await ui.until("copied 2 lines")
        assert ui.app.clipboard == "GET /page/7\nGET /pag"

    drive(running, steps)


def test_views(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("f3")
        await ui.until("No proxy is running")
        await ui.press("f4")
        assert "after web" in ui.screen
        assert "critical path: web » api" in ui.screen
        await ui.press("f5")
        assert "No jobs" in ui.screen
        await ui.press("f6")
        assert "bad ✕ crashed  exited with code 3" in ui.screen
        await ui.press("enter")
        assert ui.app.view.processes == {"bad"}
        await ui.press("f6", "f2")
        assert ui.app.current == "logs"
        await ui.press("question_mark")
        assert "Ctrl-F" in ui.screen
        await ui.press("down", "escape")
        assert ui.app.current == "logs"

    drive(running, steps)


def test_the_palette_does_any_command(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("colon", *"wrap", "enter")
        assert not ui.app.view.wrap
        await ui.press("colon")
        assert "previous-run" in ui.screen
        await ui.press(*"hit", "down", "escape")
        assert ui.app.current == "logs"
        await ui.press("colon", *"no such thing", "enter")
        assert ui.app.current == "logs"

    drive(running, steps)


def test_actions_and_their_results(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("3", "s")
        await ui.until("3 other ● running")
        await ui.until("ERROR: other is broken")
        await ui.press("s")
        await ui.until("other is already running")
        await ui.press("r")
        await ui.until("restarted")
        await ui.press("x")
        await ui.until("3 other ○ stopped")
        await ui.press("s")
        await ui.until("3 other ● running")
        await ui.press("X")
        await ui.until("killed")
        assert "3 other ○ stopped" in ui.screen

    drive(running, steps)


def test_marked_processes_are_acted_on_together(project: Project, drive: Drive) -> None:
    project.write("processes: {a: exec sleep 1000, b: exec sleep 1000, c: exec sleep 1000}")
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("1 a ● running")
            await ui.press("space", "down", "space", "x")
            await ui.until("stopping… a, b")
            await ui.until("1 a ○ stopped")
            await ui.until("2 b ○ stopped")
            assert "3 c ● running" in ui.screen

        drive(project, steps)


def test_results_go_after_a_while_and_leaving_is_no_error(
    running: Project, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "RESULT_SECONDS", 0.05)

    async def steps(ui: Driver) -> None:
        await ui.until("3 other ○ stopped")
        await ui.press("3", "s")
        await ui.until("started")
        await ui.until(lambda: "started" not in ui.lines[3][:40])
        await ui.press("x")
        await ui.until("3 other ○ stopped")
        await ui.press("d")

    assert drive(running, steps, owns=True) == "release"


def test_actions_in_other_views_act_on_what_is_seen(project: Project, drive: Drive) -> None:
    project.write("processes: {web: exec sleep 1000, bad: exit 3}")
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("2 bad ✕ crashed")
            await ui.press("1", "f6", "x")
            await ui.until("bad is not running")
            await ui.press("f3", "r")
            await ui.until("nothing to restart here")
            await ui.press("f2")
            assert "1 web ● running  " in ui.screen.replace("│", "  ")

        drive(project, steps)


def test_a_reload_takes_processes_out_and_in(project: Project, drive: Drive) -> None:
    project.write("processes: {a: exec sleep 1000, b: exec sleep 1000}")
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("2 b ● running")
            project.write("processes: {new: exec sleep 1000, b: exec sleep 1000}")
            project.run("reload")
            await ui.until("1 new ● running")
            await ui.until("2 b ")
            assert "a ●" not in ui.screen

        drive(project, steps)


def test_the_previous_run_of_a_process(project: Project, drive: Drive) -> None:
    project.write('processes: {api: {cmd: "echo run $$; exec sleep 1000"}}')
    with project.up() as prox:
        prox.wait_line("run ")
        project.run("restart", "api")
        project.run("restart", "api")

        async def steps(ui: Driver) -> None:
            await ui.until(lambda: len(re.findall(r"│ run \d+", ui.screen)) == 3)
            runs = re.findall(r"│ (run \d+)", ui.screen)
            await ui.press("p")
            await ui.until("earlier lines")
            assert re.findall(r"(run \d+)", ui.screen) == [runs[1]]
            await ui.press("p")
            await ui.until(runs[0])
            await ui.press("p")
            await ui.until("no run before this one")
            await ui.press("escape")
            await ui.until(runs[2])

        drive(project, steps)


def test_hits_in_log_files_are_found(project: Project, drive: Drive) -> None:
    project.write(
        "logs: {buffer_lines: 20}\nprocesses: {api: 'for n in $(seq 100); do echo line $n; done; exec sleep 1000'}"
    )
    with project.up() as prox:
        prox.wait_line("line 100")

        async def steps(ui: Driver) -> None:
            await ui.until("line 100")
            await ui.press("1", "ctrl+f", *"line 1", "enter")
            await ui.until("more in log files")
            for _ in range(5):
                await ui.press("N")
            await ui.until("earlier lines")
            await ui.until("hit")
            await ui.press("escape", "escape")
            await ui.until("line 100")

        drive(project, steps)


def test_leaving(running: Project, drive: Drive) -> None:
    async def nothing(ui: Driver) -> None:
        await ui.until("ready")

    for key, owns, result in (
        ("q", False, "leave"),
        ("q", True, "stop"),
        ("d", False, "leave"),
        ("d", True, "release"),
        ("ctrl+c", True, "stop"),
    ):

        async def steps(ui: Driver, key: str = key) -> None:
            await nothing(ui)
            await ui.press(key)

        assert drive(running, steps, owns=owns) == result


def test_the_terminal_gets_what_is_copied(running: Project, drive: Drive) -> None:
    """By OSC 52, with the text in base64."""
    written: list[str] = []

    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        driver = ui.app._driver
        assert driver
        driver.write = written.append  # type: ignore[method-assign]
        await ui.press("1", "y")
        await ui.until("copied")

    drive(running, steps)
    found = re.search(r"\x1b\]52;c;([\w+/=]+)\x07", "".join(written))
    assert found
    assert base64.b64decode(found[1]) == b"ready"
    assert os.environ.get("DISPLAY") is None
