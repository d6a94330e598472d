"""What the title, the status row and the panes show in windows of any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Drive, Driver
    from helpers.project import Project


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    from helpers.project import Project

    project = Project.create(tmp_path_factory.mktemp("window"))
    project.write(
        "api: {port: 0}\nprocesses:\n"
        "  web: echo ready; exec sleep 1000\n  a-process-with-a-rather-long-name: exec sleep 1000\n"
    )
    try:
        with project.up() as prox:
            prox.wait_line("ready")
            yield project
    finally:
        project.close()


def test_a_wide_window_has_the_list_beside_the_log(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("│ ready")
        assert ui.app.pane("processes").region.x < ui.app.log_pane.region.x
        assert ui.app.pane("processes").region.width <= 100 * 45 // 100
        assert "2 running" in ui.lines[0]

    drive(running, steps)


def test_a_narrow_window_has_the_list_above_the_log(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.until(lambda: ui.app.log_pane.region.width == 40)
        assert ui.app.pane("processes").region.y < ui.app.log_pane.region.y
        assert "● running" in ui.screen

    drive(running, steps, size=(40, 12))


def test_a_short_window_shows_one_pane_at_a_time(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("web")
        await ui.press("tab")
        await ui.until("ready")
        assert not ui.app.pane("processes").display

    drive(running, steps, size=(30, 5))


def test_a_message_is_shown_until_the_next_key(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("│ ready")
        ui.app.tell("it is\x1b said")
        await ui.pause()
        assert "it is\\x1b said" in ui.screen
        await ui.press("down")
        assert "it is" not in ui.screen
        assert "following · all processes" in ui.screen

    drive(running, steps)


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
