"""Actions on processes and their results, and leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.commands import acting

if TYPE_CHECKING:
    import pytest

    from conftest import Drive, Driver
    from helpers.project import Project


def test_actions_and_their_results(running: Project, drive: Drive) -> None:
    async def steps(ui: Driver) -> None:
        await ui.until("ready")
        await ui.press("3", "s")
        await ui.until("3 other ● running")
        await ui.until("ERROR: other is broken")
        await ui.press("s")
        await ui.until("other is already running")
        await ui.press("r")
        await ui.until("restarted")
        await ui.press("x")
        await ui.until("3 other ○ stopped")
        await ui.press("s")
        await ui.until("3 other ● running")
        await ui.press("X")
        await ui.until("killed")
        assert "3 other ○ stopped" in ui.screen

    drive(running, steps)


def test_marked_processes_are_acted_on_together(project: Project, drive: Drive) -> None:
    project.write("processes: {a: exec sleep 1000, b: exec sleep 1000, c: exec sleep 1000}")
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("1 a ● running")
            await ui.press("space", "down", "space", "x")
            await ui.until("stopping… a, b")
            await ui.until("1 a ○ stopped")
            await ui.until("2 b ○ stopped")
            assert "3 c ● running" in ui.screen

        drive(project, steps)


def test_results_go_after_a_while_and_leaving_is_no_error(
    running: Project, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "RESULT_SECONDS", 0.05)

    async def steps(ui: Driver) -> None:
        await ui.until("3 other ○ stopped")
        await ui.press("3", "s")
        await ui.until("started")
        await ui.until(lambda: "started" not in ui.lines[3][:40])
        await ui.press("x")
        await ui.until("3 other ○ stopped")
        await ui.press("d")

    assert drive(running, steps, owns=True) == "release"


def test_actions_in_other_views_act_on_what_is_seen(project: Project, drive: Drive) -> None:
    project.write("processes: {web: exec sleep 1000, bad: exit 3}")
    with project.up():

        async def steps(ui: Driver) -> None:
            await ui.until("2 bad ✕ crashed")
            await ui.press("1", "f6", "x")
            await ui.until("bad is not running")
            await ui.press("f3", "r")
            await ui.until("nothing to restart here")
            await ui.press("f2")
            assert "1 web ● running  " in ui.screen.replace("│", "  ")

        drive(project, steps)


def test_leaving(running: Project, drive: Drive) -> None:
    async def nothing(ui: Driver) -> None:
        await ui.until("ready")

    for key, owns, result in (
        ("q", False, "leave"),
        ("q", True, "stop"),
        ("d", False, "leave"),
        ("d", True, "release"),
        ("ctrl+c", True, "stop"),
    ):

        async def steps(ui: Driver, key: str = key) -> None:
            await nothing(ui)
            await ui.press(key)

        assert drive(running, steps, owns=owns) == result
