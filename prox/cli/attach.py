"""`prox attach`: the terminal UI of a running instance."""

from __future__ import annotations

import click

from prox.cli.group import settings
from prox.cli.output import has_terminal
from prox.cli.project import client_finder, connect
from prox.core.errors import NotYet


@click.command()
@click.argument("name", required=False)
@click.option("--accessible", is_flag=True, help="Lines in, lines out: for screen readers; no drawing.")
def attach(name: str | None, accessible: bool) -> int:
    """Show a running instance: processes, logs, requests. `q` or `d` leaves it as it is.

    Without a terminal, with CI set or TERM=dumb, print every line until the instance ends.
    """
    if name is not None:
        raise NotYet("`prox attach NAME`, the terminal of one process, is not in this version; omit NAME")
    client = connect()
    from prox.cli.tui import attach_to, project_name

    if not accessible and not has_terminal():
        from prox.cli.logs import follow_all

        follow_all(client)
        return 0
    return attach_to(settings().addr or project_name(), client_finder(), accessible=accessible)
