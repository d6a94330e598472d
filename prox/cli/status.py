"""`prox status`: show the status of all processes."""

from __future__ import annotations

import shutil
import sys

import click

from prox.cli.checks import last_check_results
from prox.cli.output import colored, is_terminal, print_json, say
from prox.cli.project import connect
from prox.cli.reload import hint_at_reload
from prox.cli.render import status_text


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(as_json: bool) -> None:
    """Show the status of all processes, and below it why processes wait, crashed or are not healthy."""
    client = connect()
    instance, processes = client.status(), client.processes()
    if as_json:
        print_json({**instance, "processes": processes})
        return
    checks = last_check_results(client, processes)
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    say(status_text(processes, color=colored(), width=width, checks=checks))
    hint_at_reload(instance)
    if instance.get("status") == "stopping":
        say("\nprox is shutting down")
