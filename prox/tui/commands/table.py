"""Which function carries out each command of the keys table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from prox.tui.commands import acting, choosing, copying, moving, searching, showing, views
from prox.tui.commands.palette import open_palette

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prox.tui.window import Window

_FUNCTIONS: Mapping[str, Callable[[Window], None]] = {
    "up": partial(moving.move, rows=-1),
    "down": partial(moving.move, rows=1),
    "page-up": partial(moving.page, pages=-1),
    "page-down": partial(moving.page, pages=1),
    "first": moving.first,
    "last": moving.last,
    "oldest": moving.oldest,
    "newest": moving.newest,
    "next-pane": moving.next_pane,
    "open": views.open_selected,
    "all": choosing.all_processes,
    "toggle": choosing.toggle,
    "restart": partial(acting.act, action="restart"),
    "start": partial(acting.act, action="start"),
    "stop": partial(acting.act, action="stop"),
    "kill": partial(acting.act, action="kill"),
    "filter": searching.open_filter,
    "find": searching.open_find,
    "next-hit": searching.next_hit,
    "previous-hit": searching.previous_hit,
    "next-error": partial(searching.go_to_error, step=1),
    "previous-error": partial(searching.go_to_error, step=-1),
    "wrap": showing.wrap,
    "times": showing.times,
    "zoom": showing.zoom,
    "previous-run": showing.previous_run,
    "copy": copying.copy,
    "mark": copying.mark,
    "copy-all": copying.copy_all,
    "logs": partial(views.show, name="logs"),
    "requests": partial(views.show, name="requests"),
    "graph": partial(views.show, name="graph"),
    "jobs": views.show_jobs,
    "problems": partial(views.show, name="problems"),
    "palette": open_palette,
    "help": views.show_help,
    "back": views.back,
    "detach": acting.detach,
    "quit": acting.quit_ui,
}


def carry_out(app: Window, name: str, key: str = "") -> None:
    """Carry out a command by its name in the keys table. ``key``: the key that stands for it."""
    if name == "only":
        choosing.only(app, int(key) if key.isdecimal() else 0)
    else:
        _FUNCTIONS[name](app)
