"""How lines are shown, and which run of a process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Drive, Driver
    from helpers.project import Project


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
            await ui.until("run of api before the present one, from ")
            assert re.findall(r"(run \d+)", ui.screen) == [runs[1]]
            await ui.press("p")
            await ui.until(runs[0])
            assert "run of api 2 before the present one" in ui.screen
            await ui.press("p")
            await ui.until("no run before this one")
            await ui.press("escape")
            await ui.until(runs[2])

        drive(project, steps)
