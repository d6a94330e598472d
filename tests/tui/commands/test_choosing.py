"""Choose the processes of the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Drive, Driver
    from helpers.project import Project


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
