"""Lists with a cursor that stays on the screen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import App, ComposeResult

from prox.tui.list_pane import ListPane

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot


class Listed(App[None]):
    def __init__(self, **options: bool) -> None:
        super().__init__()
        self.chosen: list[int] = []
        self._options = options

    def compose(self) -> ComposeResult:
        yield ListPane(id="list", empty="there is nothing here", **self._options)

    def on_list_pane_chosen(self, event: ListPane.Chosen) -> None:
        self.chosen.append(event.pane.cursor)


def drive(steps: Callable[[ListPane, Pilot[None]], Awaitable[None]], **options: bool) -> Listed:
    app = Listed(**options)

    async def main() -> None:
        async with app.run_test(size=(20, 4)) as pilot:
            await steps(app.query_one(ListPane), pilot)

    asyncio.run(main())
    return app


def shown(pane: ListPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def rows(count: int) -> list[Text]:
    return [Text(f"row {n}") for n in range(count)]


def test_the_cursor_stays_on_the_screen() -> None:
    async def steps(pane: ListPane, pilot: Pilot[None]) -> None:
        pane.show(rows(10))
        assert shown(pane) == ["row 0", "row 1", "row 2", "row 3"]
        pane.move(5)
        assert (pane.cursor, shown(pane)[-1]) == (5, "row 5")
        pane.page(1)
        assert shown(pane)[-1] == "row 8"
        pane.move(100)
        assert (pane.cursor, shown(pane)) == (9, ["row 6", "row 7", "row 8", "row 9"])
        pane.show(rows(2))
        assert (pane.cursor, shown(pane)) == (1, ["row 0", "row 1", "", ""])
        pane.move(-100)
        assert pane.cursor == 0

    drive(steps)


def test_with_keys_the_cursor_stays_with_its_row() -> None:
    async def steps(pane: ListPane, pilot: Pilot[None]) -> None:
        pane.show(rows(3), ["a", "b", "c"])
        pane.move(1)
        pane.show(rows(5), ["x", "y", "a", "b", "c"])
        assert pane.cursor == 3
        pane.show(rows(1), ["x"])
        assert pane.cursor == 0

    drive(steps)


def test_without_rows_it_says_so() -> None:
    async def steps(pane: ListPane, pilot: Pilot[None]) -> None:
        assert shown(pane)[0].startswith("there is nothing")
        pane.explain("nothing yet")
        assert shown(pane)[0] == "nothing yet"
        pane.move(1)
        assert pane.cursor == 0

    drive(steps)


def test_text_that_is_only_read_scrolls() -> None:
    async def steps(pane: ListPane, pilot: Pilot[None]) -> None:
        pane.show(rows(10))
        pane.move(2)
        assert shown(pane)[0] == "row 2"
        pane.move(100)
        assert shown(pane)[-1] == "row 9"

    drive(steps, has_cursor=False)


def test_long_rows_wrap_and_stay_together() -> None:
    async def steps(pane: ListPane, pilot: Pilot[None]) -> None:
        pane.show([Text("one"), Text("a header: " + "value " * 6 + "end"), Text("two"), Text("three")])
        assert shown(pane) == ["one", "a header: value", "value value value", "value value end"]
        assert pane.is_longer_than_screen
        pane.move(1)
        assert shown(pane)[0] == "one"
        assert pane.current_text == "a header: " + "value " * 6 + "end"
        pane.move(1)
        assert shown(pane) == ["a header: value", "value value value", "value value end", "two"]
        pane.page(-1)
        assert pane.cursor == 1
        pane.page(1)
        assert (pane.cursor, shown(pane)[-1]) == (2, "two")
        await pilot.click(pane, offset=(1, 0))
        assert pane.cursor == 1
        assert pane.texts[2:] == ["two", "three"]
        await pilot.resize_terminal(60, 4)
        assert shown(pane)[0] == "one"
        pane.show([])
        assert pane.current_text is None
        pane.page(1)

    drive(steps, wraps=True)


def test_rows_wrap_when_the_pane_is_shown() -> None:
    """A hidden pane has no width, and nothing to wrap for."""

    async def steps(pane: ListPane, pilot: Pilot[None]) -> None:
        pane.display = False
        await pilot.pause()
        pane.show([Text("a header: " + "value " * 6)])
        assert len(pane._lines) == 1
        pane.display = True
        while len(pane._lines) == 1:
            await pilot.pause(0.01)
        assert shown(pane)[:2] == ["a header: value", "value value value"]

    drive(steps, wraps=True)


def test_a_row_longer_than_the_screen_shows_its_beginning() -> None:
    async def steps(pane: ListPane, pilot: Pilot[None]) -> None:
        pane.show([Text("one"), Text("word " * 40), Text("two")])
        pane.move(1)
        assert pane._top == 1
        pane.move(1)
        assert shown(pane)[-1] == "two"

    drive(steps, wraps=True)


def test_the_mouse_chooses_and_scrolls() -> None:
    async def steps(pane: ListPane, pilot: Pilot[None]) -> None:
        pane.show(rows(10))
        await pilot.click(pane, offset=(2, 2))
        assert pane.cursor == 2

    assert drive(steps).chosen == [2]
