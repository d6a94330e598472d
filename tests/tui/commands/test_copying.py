"""Copy lines, rows and selections."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from conftest import Drive, Driver
    from helpers.project import Project


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


def test_rows_of_the_other_views_are_copied(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("f6", "y")
        await ui.until("copied 1 line")
        assert ui.app.clipboard == "bad ✕ crashed  exited with code 3"
        await ui.press("f4", "Y")
        assert ui.app.clipboard.splitlines()[-1] == "critical path: web » api"
        # Text that is only read has no current row.
        await ui.press("y")
        await ui.until("nothing to copy")
        await ui.press("v")
        await ui.until("lines are marked in the log")

    drive(running, steps)
