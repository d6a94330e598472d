"""`prox list`: show every running instance of this user on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prox.cli.output import colored, print_json, say
from prox.cli.render import INSTANCE_COLUMNS, seconds_since, table

if TYPE_CHECKING:
    from prox.instance.registry import Entry


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_instances(as_json: bool) -> None:
    """Show every running instance of this user on this machine."""
    from prox.instance.registry import entries

    instances = [_describe(entry) for entry in entries()]
    if as_json:
        print_json({"instances": instances})
    elif instances:
        say("\n".join(table(INSTANCE_COLUMNS, instances, color=colored())))
    else:
        say("no instance is running on this machine")


def _describe(entry: Entry) -> dict[str, Any]:
    """Return an instance as an object; before its API answers, only the project is known."""
    state = entry.state
    return {
        "project_dir": str(entry.folder.parent),
        "pid": state.pid if state else None,
        "url": state.url if state else None,
        "started_at": state.started_at if state else None,
        "uptime_seconds": seconds_since(state.started_at) if state else None,
        "config_file": state.config_file if state else None,
        "instance": state.instance if state else None,
    }
