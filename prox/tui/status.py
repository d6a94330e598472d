"""The texts of the window's title and status row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from prox.core.text import escape_controls
from prox.tui.selection import selected_lines
from prox.tui.state import state_word

if TYPE_CHECKING:
    from collections.abc import Collection

    from prox.tui.log_view import LogView
    from prox.tui.state import UiState

MAX_NAMES = 30
"""Columns of the names of the chosen processes, beyond which they are counted."""


def title(folder: str, state: UiState) -> Text:
    """Return the project's folder, the connection, and how many processes are in which state."""
    counts: dict[str, int] = {}
    for process in state.processes.values():
        word = state_word(process)
        counts[word] = counts.get(word, 0) + 1
    text = Text.assemble((escape_controls(folder), "bold"), "  ")
    text.append(state.connection, "green" if state.connection == "connected" else "yellow")
    text.append(f"  {', '.join(f'{count} {word}' for word, count in counts.items())}", "dim")
    return text


def connection_text(state: UiState) -> str:
    """Return what a lost connection means; empty while there is one."""
    if state.connection == "stopped":
        return "prox has stopped; this shows how it was, and connects when it runs again"
    if state.connection == "reconnecting":
        return f"reconnecting: {state.lost_reason}; this shows how it was"
    return ""


def log_status(view: LogView) -> str:
    """Return what the log shows. What changes comes first: a narrow window cuts the end."""
    parts = [view.title and f"{view.title}; Esc returns"]
    if view.find_text:
        parts.append(view.find_status)
    if view.marked_from is not None:
        parts.append(f"{len(selected_lines(view))} lines marked")
    if view.follow:
        parts.append("following")
    elif view.new_count:
        parts.append(f"{view.new_count:,} new ↓".replace(",", " "))
    if view.filter_text:
        parts.append(f"filter: {view.filter_text}")
    if not view.title:
        parts.append("all processes" if view.processes is None else _names(view.processes))
    return " · ".join(filter(None, parts))


def _names(names: Collection[str]) -> str:
    """Return the names, as many as fit, and the number of the others."""
    shown: list[str] = []
    for name in sorted(names):
        if shown and len(", ".join([*shown, name])) > MAX_NAMES:
            break
        shown.append(name)
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
