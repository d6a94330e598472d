"""Move in a pane, by Textual's pilot, on a real instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Drive, Driver
    from helpers.project import Project


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


def test_pages_move_a_list_that_does_not_fit(project: Project, drive: Drive) -> None:
    names = [f"p{number:02}" for number in range(40)]
    project.write("processes: {" + ", ".join(f"{name}: {{cmd: 'true', autostart: false}}" for name in names) + "}")
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("p07")
            pane = ui.app.pane("processes")
            await ui.press("pagedown")
            assert pane.cursor > 5
            await ui.press("end")
            assert pane.cursor == 39
            assert "p39" in ui.screen
            await ui.press("home")
            assert pane.cursor == 0
            # These are the log's.
            await ui.press("G", "g")
            assert pane.cursor == 0

        drive(project, steps, size=(80, 14))
