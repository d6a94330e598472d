"""The log pane draws the rows of its view, and the mouse moves it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import App, ComposeResult
from textual.scrollbar import ScrollTo

from prox.tui.log_pane import LogPane
from prox.tui.log_view import LogView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

    from conftest import Add
    from prox.tui.line_store import LineStore

    Steps = Callable[[LogPane, Pilot[None]], Awaitable[None]]


class Logged(App[None]):
    def __init__(self, store: LineStore) -> None:
        super().__init__()
        self.view = LogView(store)
        self.view.times = "off"
        self.view.update()
        self.copied: list[str] = []

    def compose(self) -> ComposeResult:
        yield LogPane(self.view)

    def on_log_pane_copied(self, event: LogPane.Copied) -> None:
        self.copied.append(event.text)


def drive(store: LineStore, steps: Steps) -> Logged:
    app = Logged(store)

    async def main() -> None:
        async with app.run_test(size=(30, 5)) as pilot:
            await steps(app.query_one(LogPane), pilot)

    asyncio.run(main())
    return app


def shown(pane: LogPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(5)]


def test_the_wheel_and_the_scroll_bar(add: Add) -> None:
    async def steps(pane: LogPane, pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert shown(pane) == ["95", "96", "97", "98", "99"]
        bar = pane.vertical_scrollbar
        assert (bar.window_virtual_size, bar.window_size, bar.position) == (100, 5, 95)
        await pilot._post_mouse_events([_up()], pane, offset=(2, 2))
        await pilot.pause()
        assert shown(pane) == ["92", "93", "94", "95", "96"]
        pane._on_scroll_to(ScrollTo(y=10))
        assert shown(pane)[0] == "10"
        assert not pane.view.follow

    drive(add(*[str(n) for n in range(100)]), steps)


def _up() -> type:
    from textual.events import MouseScrollUp

    return MouseScrollUp


def test_a_click_moves_the_cursor_and_a_drag_copies(add: Add) -> None:
    async def steps(pane: LogPane, pilot: Pilot[None]) -> None:
        await pilot.pause()
        await pilot.click(pane, offset=(8, 1))
        assert pane.view.cursor == 1
        await pilot.mouse_down(pane, offset=(6, 0))
        await pilot.hover(pane, offset=(9, 1))
        await pilot.mouse_up(pane, offset=(9, 1))
        await pilot.pause()

    assert drive(add("web: first", "api: second"), steps).copied == ["first\nsec"]


def test_rows_end_at_the_scroll_bar(add: Add) -> None:
    async def steps(pane: LogPane, pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert shown(pane)[:2] == ["x" * 29, "xx"]
        pane.view.resize(10, 5)
        other = LogView(pane.view.store)
        other.times = "off"
        other.wrap = False
        other.update()
        pane.show(other)
        assert shown(pane)[:2] == ["x" * 29, ""]

    drive(add("x" * 31), steps)
