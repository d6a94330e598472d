"""The latest results of a process's health check, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prox.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prox.client.client import Client


def why_not_ready(client: Client, processes: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return what the checks of those say that run and are not ready; what has no check, or no word, is left out."""
    found = {}
    for process in processes:
        if process["status"] == "running" and not process["ready"]:
            said = client.process(process["name"]).get("healthcheck", {}).get("last_output", "")
            if said:
                found[process["name"]] = one_line(said)
    return found
