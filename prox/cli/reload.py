"""`prox reload`, and the hint to use it when prox.yaml has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prox.cli.exit_codes import FAILED, OK
from prox.cli.group import settings
from prox.cli.output import print_json, say, warn
from prox.cli.project import connect
from prox.core.text import escape_controls
from prox.instance.config_text import current_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = ("added", "removed", "changed")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def reload(as_json: bool) -> int:
    """Read prox.yaml again, check it, and apply the difference: added processes start, removed ones stop, changed
    ones restart, the rest is not touched.

    If the file has an error, nothing changes.
    """
    from prox.instance.project import load_config

    client = connect()
    status = client.status()
    if not settings().addr and status["config_file"]:
        # Read it here first, to show errors with their positions.
        load_config(status["config_file"], project_dir=status["project_dir"])
    found = client.reload()
    failed = {
        process["name"]: process["reason"]
        for process in client.processes()
        if process["name"] in (*found["added"], *found["changed"]) and process["status"] == "crashed"
    }
    if as_json:
        print_json(found)
        return FAILED if failed else OK
    for key in _KEYS:
        for name in found[key]:
            say(f"{escape_controls(name)} {key}")
    if not any(found[key] for key in _KEYS):
        say("nothing has changed")
    if found["ignored"]:
        warn(f"{', '.join(found['ignored'])} changed; to apply this, run `prox down` and `prox up`")
    for name, reason in failed.items():
        warn(f"{name} was not started: {reason}")
    return FAILED if failed else OK


def hint_at_reload(status: Mapping[str, Any]) -> None:
    """Warn if prox.yaml has changed since the instance loaded it. ``status``: the instance's status from the API."""
    file, loaded = status.get("config_file"), status.get("config_digest")
    if file and loaded and current_digest(file) not in (loaded, None):
        warn(f"{file} has changed since it was loaded; `prox reload` applies it")
