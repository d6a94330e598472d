"""The latest results of health checks, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prox.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prox.client.client import Client


def last_check_results(client: Client, processes: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the last check result of each running process that is not ready, by name.

    Processes without a health check, or without a result, are left out.
    """
    found = {}
    for process in processes:
        if process["status"] == "running" and not process["ready"]:
            said = client.process(process["name"]).get("healthcheck", {}).get("last_output", "")
            if said:
                found[process["name"]] = one_line(said)
    return found
