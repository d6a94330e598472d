"""What the prompt does: while text is typed, at its end, and when it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Drive, Driver
    from helpers.project import Project


def test_leaving_a_prompt_takes_its_text_back(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("slash", *"page", "enter", "slash", *"/8")
        assert "page/7" not in ui.screen
        await ui.press("ctrl+c")
        assert "page/7" in ui.screen
        assert "low disk" in ui.screen
        assert not ui.app.prompt.has_class("open")
        await ui.press("ctrl+f", *"page")
        await ui.until("hit 8 of 8")
        await ui.press("escape")
        assert "hit" not in ui.screen

    drive(running, steps)


def test_a_command_of_the_palette_runs_in_the_view_before(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("down", "colon", *"zoom", "enter")
        assert ui.app.focused is ui.app.pane("processes")
        assert ui.app.has_class("zoom-list")
        await ui.press("z", "f6", "colon", *"copy-all", "enter")
        assert ui.app.current == "problems"
        await ui.until("copied 1 line")
        assert ui.app.clipboard.startswith("bad ✕ crashed")
        await ui.press("colon", "escape")
        assert ui.app.current == "problems"
        await ui.press("escape")
        assert ui.app.focused is ui.app.pane("processes")

    drive(running, steps)
