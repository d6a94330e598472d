"""The palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Drive, Driver
    from helpers.project import Project


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
