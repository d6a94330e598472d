"""Start, stop, restart and kill processes, and leave the UI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.actions import DOING, act_on
from prox.tui.commands.choosing import selected_name

if TYPE_CHECKING:
    from prox.tui.window import Window

RESULT_SECONDS = 5.0
"""How long the result of an action is shown beside its process."""


def act(app: Window, action: str) -> None:
    """Act on the marked processes, or on the selected one."""
    targets = _targets(app)
    for name in targets:
        _act_on(app, action, name)
    if not targets:
        app.tell(f"nothing to {action} here")
    elif len(targets) > 1 or app.current != "logs":
        app.tell(f"{DOING[action]} {', '.join(targets)}")


def _targets(app: Window) -> list[str]:
    """Return the marked processes, if some were chosen for the merged view, otherwise the selected one.

    In the lists of jobs and problems it is the one under the cursor; the other views have none.
    """
    if app.current in ("jobs", "problems"):
        name = app.listed_process
        return [name] if name else []
    if app.current != "logs":
        return []
    chosen = app.view.processes
    if chosen is not None and len(chosen) > 1:
        return [name for name in app.state.names if name in chosen]
    name = selected_name(app)
    return [name] if name else []


def _act_on(app: Window, action: str, name: str) -> None:
    app.results[name] = DOING[action]

    def ended(result: str) -> None:
        app.results[name] = result
        app.set_timer(RESULT_SECONDS, forget)
        app.draw()

    def forget() -> None:
        app.results.pop(name, None)
        app.draw()

    def failed(message: str) -> None:
        ended("failed")
        app.tell(message)

    app.actions.ask(lambda client: act_on(client, action, name), ended, failed)


def detach(app: Window) -> None:
    app.leave("release" if app.owns else "leave")


def quit_ui(app: Window) -> None:
    app.quit()
