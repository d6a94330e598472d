"""`prox graph`: show which process or job waits for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prox.cli.output import print_json, say
from prox.cli.project import find_client, load_project
from prox.core.config.jobs import all_specs
from prox.core.scheduling import stop_levels
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prox.core.config.model import Config, Dependency


@click.command()
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart for Markdown.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: nodes and edges.")
def graph(mermaid: bool, as_json: bool) -> None:
    """Show which process or job waits for which, dependencies first; with their states if an instance runs."""
    if mermaid and as_json:
        raise click.UsageError("--mermaid and --json cannot be combined")
    config = load_project()
    client = find_client()
    states = {process["name"]: process for process in client.processes()} if client else {}
    if as_json:
        print_json(as_object(config, states))
    else:
        say(as_mermaid(config, states) if mermaid else as_text(config, states))


def as_object(config: Config, states: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{"nodes": [{"name", "kind", "status", "ready"}], "edges": [{"from", "to", "condition", "restart"}]}``.

    An edge leads from a process to one that it depends on. ``status`` and ``ready`` are null if no instance runs.
    """
    nodes = [
        {
            "name": name,
            "kind": "job" if name in config.jobs else "process",
            "status": states[name]["status"] if name in states else None,
            "ready": states[name]["ready"] if name in states else None,
        }
        for name in all_specs(config)
    ]
    edges = [
        {"from": name, "to": other, "condition": _condition(each), "restart": each.restart}
        for name, spec in all_specs(config).items()
        for other, each in spec.depends_on.items()
    ]
    return {"nodes": nodes, "edges": edges}


def as_text(config: Config, states: Mapping[str, Any]) -> str:
    """Return a line for each process and job, dependencies first."""
    specs = all_specs(config)
    levels = stop_levels({name: spec.depends_on for name, spec in specs.items()})
    rows = []
    for level in reversed(levels):
        for name in level:
            waits = [f"{other} ({_condition(each)})" for other, each in specs[name].depends_on.items()]
            after = f"after {', '.join(waits)}" if waits else ""
            shown = f"{name} (job)" if name in config.jobs else name
            rows.append((shown, _state(states[name]) if name in states else "", after))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [
        "  ".join(filter(str.strip, (shown.ljust(widths[0]), state.ljust(widths[1]), after))).rstrip()
        for shown, state, after in rows
    ]
    return "\n".join(map(escape_controls, lines))


def as_mermaid(config: Config, states: Mapping[str, Any]) -> str:
    """Return a Mermaid flowchart: an arrow leads from a process to each that waits for it."""
    specs = all_specs(config)
    ids = {name: f"n{number}" for number, name in enumerate(specs)}
    lines = ["flowchart LR"]
    for name in specs:
        state = f"<br/>{_state(states[name])}" if name in states else ""
        opening, closing = ("([", "])") if name in config.jobs else ("[", "]")
        lines.append(f'    {ids[name]}{opening}"{name}{state}"{closing}')
    for name, spec in specs.items():
        for other, each in spec.depends_on.items():
            label = (
                _condition(each).replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace("|", "#124;")
            )
            lines.append(f'    {ids[other]} -->|"{label}"| {ids[name]}')
    return "\n".join(map(escape_controls, lines))


def _condition(dependency: Dependency) -> str:
    return f"log: {dependency.log}" if dependency.condition == "log" else dependency.condition


def _state(process: Mapping[str, Any]) -> str:
    parts = [process["status"]]
    if process["health"] != "unknown":
        parts.append(process["health"])
    if process["kind"] == "job" and process["ready"]:
        parts = ["completed"]
    if process.get("waiting_for"):
        parts.append(f"waiting for {' and '.join(process['waiting_for'])}")
    return ", ".join(parts)
