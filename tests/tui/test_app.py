"""The app takes in what the feed has: lines in a flood, the loss of the instance, the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual import events

from prox.tui.app import _key_of

if TYPE_CHECKING:
    from conftest import Drive, Driver
    from helpers.project import Project


def test_keys_are_taken_in_while_lines_flood_in(project: Project, drive: Drive) -> None:
    project.write(
        "api: {port: 0}\nprocesses:\n"
        "  web: {cmd: 'seq 200000; echo done; exec sleep 1000', autostart: false}\n"
        "  api: exec sleep 1000\n"
    )
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("connected")
            await ui.until("2 api ● running")
            await ui.press("s", "2")
            assert ui.app.view.processes == {"api"}
            await ui.press("0")
            await ui.until("│ done")
            # Nothing is lost without a word.
            known = len(ui.app.state.store) + ui.app.state.dropped
            assert known >= 200_001

        drive(project, steps)


def test_a_progress_bar_is_one_line(project: Project, drive: Drive) -> None:
    project.write("api: {port: 0}\nprocesses: {web: 'printf \"name? \"; sleep 1; echo prox; exec sleep 1000'}")
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("name?")
            await ui.until("name? prox")
            assert ui.screen.count("name?") == 1

        drive(project, steps)


def test_the_loss_of_an_instance_and_the_next_one(project: Project, drive: Drive) -> None:
    project.write("api: {port: 0}\nprocesses: {web: 'echo ready; exec sleep 1000'}")
    project.run("up", "-d")

    async def steps(ui: Driver) -> None:
        await ui.until("│ ready")
        project.run("down")
        await ui.until("  stopped")
        await ui.until("connection lost")
        project.run("up", "-d")
        await ui.until("connected to a new instance")
        await ui.until(lambda: ui.screen.count("│ ready") == 2)
        assert "project  connected" in ui.lines[0]

    drive(project, steps)
    project.run("down")


@pytest.mark.parametrize(
    ("key", "character", "name"),
    [
        ("w", "w", "w"), ("G", "G", "G"), ("slash", "/", "/"), ("space", " ", "space"), ("ctrl+f", "\x06", "ctrl+f"),
        ("escape", "\x1b", "escape"), ("f2", None, "f2"), ("pageup", None, "pageup"), ("enter", "\r", "enter"),
        ("é", "é", "é"), ("ctrl+shift+up", None, "ctrl+shift+up"), ("<unknown>", None, ""),
    ],
)  # fmt: skip
def test_names_of_keys(key: str, character: str | None, name: str) -> None:
    assert _key_of(events.Key(key, character)) == name


def test_a_filter_of_many_lines_is_completed_while_nothing_comes(project: Project, drive: Drive) -> None:
    project.write("api: {port: 0}\nprocesses: {web: {cmd: 'seq 60000; exec sleep 1000', autostart: false}}")
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("1 web ○ stopped")
            await ui.press("1", "s")
            await ui.until("60000")
            await ui.until(lambda: ui.app.view.is_complete and "starting" not in ui.screen)
            await ui.press("slash")
            ui.app.prompt.value = "~[0-9]"
            await ui.until(lambda: ui.app.view.filter_text != "" and ui.app.view.is_complete)

        drive(project, steps)
