"""Filter, find, and go to errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Drive, Driver
    from helpers.project import Project


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
            await ui.until("lines of the log files; Esc returns")
            await ui.until("hit")
            await ui.press("escape", "escape")
            await ui.until("line 100")

        drive(project, steps)
