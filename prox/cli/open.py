"""`prox open`: print the address of the dashboard, and open it in a browser."""

from __future__ import annotations

import click

from prox.cli.output import say
from prox.cli.project import connect
from prox.system.browser import open_browser

VIEWS = ("processes", "logs", "requests", "graph", "jobs", "system")


@click.command("open")
@click.argument("view", metavar="[VIEW]", type=click.Choice(VIEWS), default=VIEWS[0])
@click.option("--print", "only_print", is_flag=True, help="Only print the address.")
def open_command(view: str, only_print: bool) -> None:
    """Print the address of the dashboard, or of one VIEW of it, and open it in a browser where there is one.

    If the instance requires a token, the address has a ticket that works once, within 60 s.
    """
    client = connect()
    ticket = client.ticket()
    url = f"{client.target.url}/{f'?ticket={ticket}' if ticket else ''}#/{view}"
    say(url)
    if not only_print:
        open_browser(url)
