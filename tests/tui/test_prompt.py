"""The prompt: typed text, and the keys that leave it."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from prox.tui.prompt import Prompt


class Asked(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[object] = []

    def compose(self) -> ComposeResult:
        yield Prompt()

    def on_input_changed(self, event: Prompt.Changed) -> None:
        self.said.append(event.value)

    def on_input_submitted(self, event: Prompt.Submitted) -> None:
        self.said.append(("done", event.value))

    def on_prompt_cancelled(self) -> None:
        self.said.append("cancelled")

    def on_prompt_moved(self, event: Prompt.Moved) -> None:
        self.said.append(event.rows)


def test_what_is_typed_and_how_it_ends() -> None:
    app = Asked()

    async def main() -> None:
        async with app.run_test() as pilot:
            prompt = app.query_one(Prompt)
            assert not prompt.display
            prompt.open("filter", "a", "hint")
            assert (prompt.purpose, prompt.display, prompt.cursor_position) == ("filter", True, 1)
            await pilot.press("b", "backspace", "down", "up", "enter", "escape", "ctrl+c")
            prompt.close()
            await pilot.pause()
            assert (prompt.purpose, prompt.display) == ("", False)

    asyncio.run(main())
    # Opening it with a text says nothing.
    assert app.said == ["ab", "a", 1, -1, ("done", "a"), "cancelled", "cancelled"]
