"""The views beside the log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Drive, Driver
    from helpers.project import Project


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


def test_esc_goes_back_to_the_view_before(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("f4", "question_mark", "escape")
        assert ui.app.current == "graph"
        await ui.press("f6", "question_mark", "colon", "escape", "escape")
        assert ui.app.current == "problems"
        # From one view of a key to another and to help twice, it is one step back each.
        await ui.press("question_mark", "question_mark", "escape", "escape")
        assert ui.app.current == "logs"
        assert ui.app.focused is ui.app.pane("processes")

    drive(running, steps)


def test_runs_and_their_time_lines(project: Project, drive: Drive) -> None:
    project.write(
        "processes: {web: {cmd: exec sleep 1000, depends_on: [prepare]}}\n"
        "jobs: {prepare: 'true', lint: 'true', check: {cmd: 'echo why; exit 3', depends_on: [lint]}}\n"
    )
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("● running")
            await ui.press("f5")
            await ui.until("prepare ● done")
            assert "runs of" not in ui.screen
            assert project.run("run", "check").returncode == 3
            # The list is read again while it is shown.
            await ui.until("✕ failed")
            assert "failed: check" in ui.screen
            await ui.press("end", "enter")
            await ui.until("logs, reports and trace")
            assert "last lines of check" in ui.screen
            assert "critical path: lint » check" in ui.screen
            await ui.press("escape")
            assert ui.app.current == "jobs"
            # A run is nothing to act on, and a title nothing to open.
            await ui.press("r")
            assert "nothing to restart here" in ui.screen
            await ui.press("up", "enter")
            assert ui.app.current == "jobs"
            await ui.press("home", "enter")
            assert ui.app.view.processes == {"prepare"}

        drive(project, steps)
