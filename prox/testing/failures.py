"""Errors and reports about processes of a test suite."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from prox.core.scheduling import needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LAST_LINES = 30
_SHOWN_EVENTS = 20


class StartFailure(AssertionError):
    """A process that a test needs did not become ready. The message has the reason and its last lines."""


class ProcessCrashed(AssertionError):
    """A process crashed during a test."""


class SharedProcess(AssertionError):
    """A test wants to change a process that other tests use at the same time."""


def explain_start(
    process: Mapping[str, Any],
    failed_dependency: Mapping[str, Any] | None,
    reason: str,
    *,
    others: Mapping[str, Mapping[str, Any]],
    lines: Mapping[str, list[str]],
    project: Path,
    log_path: Path,
) -> str:
    """Return a report of several lines on a process that is not ready. The first line is a summary.

    ``process``: the response of ``GET /processes/{name}``. ``failed_dependency``: the same of a dependency.
    ``others``: all processes by name, as in ``GET /processes``.
    ``lines``: the last lines of the process and of the failed dependency, by name.
    """
    name = process["name"]
    graph = {each: other["depends_on"] for each, other in others.items()}
    chain = " → ".join(_link(others[each], last=each == name) for each in needed([name], graph))
    found = [f"{name} is not ready: {reason}", f"  {chain}"]
    if results := process.get("check_results"):
        counts = ", ".join(f"{count} × {result}" for result, count in results.items())
        found.append(f"  health checks: {counts}")
    ports = [port for port in process.get("listens_on", ()) if port != process["port"]]
    if ports and process["port"] not in process["listens_on"]:
        found.append(f"  it listens on {_ports(ports)}, not on its own port {process['port']} (the variable PORT)")
    for each, text in lines.items():
        found += (
            [f"  last lines of {each}:", *(f"    {line}" for line in text)] if text else [f"  {each} wrote nothing"]
        )
    tried = failed_dependency or process
    port = f"PORT={tried['port']} " if tried["port"] else ""
    command = f"{port}prox exec {tried['name']} -- sh -c {shlex.quote(tried['cmd'])}"
    found += [
        f"  log: {log_path}",
        f"  try it by hand: cd {shlex.quote(str(project))} && {command}",
        f"  or with its dependencies: cd {shlex.quote(str(project))} && prox up {name}",
    ]
    return "\n".join(found)


def _link(process: Mapping[str, Any], *, last: bool) -> str:
    """Return one link of the chain of dependencies: ``db healthy 1.2 s``."""
    name, seconds = process["name"], process["ready_seconds"]
    if process["ready"]:
        how = "ok" if process["kind"] == "job" else "started" if process["health"] == "unknown" else process["health"]
        return f"{name} {how}" + (f" {seconds:.1f} s" if seconds is not None else "")
    return f"{name} NOT READY ({process['status']}, {process['health']})" if last else f"{name} {process['status']}"


def _ports(ports: Iterable[int]) -> str:
    found = [str(port) for port in ports]
    return f"port {found[0]}" if len(found) == 1 else f"ports {', '.join(found)}"


def describe_events(history: Iterable[Mapping[str, Any]], begun: float, seconds_of: Any) -> list[str]:
    """Return the newest events of a process, with times relative to ``begun`` (seconds since the epoch)."""
    return [
        f"{seconds_of(entry['timestamp']) - begun:+8.2f} s  {entry['event']}"
        for entry in list(history)[-_SHOWN_EVENTS:]
    ]
