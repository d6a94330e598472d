"""The contents of the lists, as styled text: processes, requests, graph, jobs, problems, help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from prox.core.critical_path import Span, critical_path
from prox.core.text import escape_controls
from prox.tui.line_store import milliseconds
from prox.tui.rows import clock
from prox.tui.state import STATE_COLORS, state_text, state_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prox.tui.keys import Keys
    from prox.tui.records import ProcessRecord, RequestRecord

_STATUS_COLORS = {1: "cyan", 2: "green", 3: "cyan", 4: "yellow", 5: "red"}


def process_rows(
    processes: Sequence[ProcessRecord],
    *,
    shown: frozenset[str] | None,
    results: Mapping[str, str],
    width: int,
    is_stale: bool = False,
) -> list[Text]:
    """Return a row for each process. ``shown``: those in the view; ``results``: of the last action on each.

    ``width``: columns, in which at least the state is to be seen. ``is_stale``: the states are from before the
    connection was lost.
    """
    room = max(8, width - len(" 1  ● unhealthy"))
    names = [each.name if len(each.name) <= room else f"{each.name[: room - 1]}…" for each in processes]
    longest = max(map(len, names), default=0)
    rows = []
    for number, (name, process) in enumerate(zip(names, processes, strict=True), 1):
        word = state_word(process)
        row = Text()
        row.append("▪" if shown is not None and process.name in shown else " ")
        row.append(f"{number} " if number <= 9 else "  ", "dim")
        row.append(f"{name.ljust(longest)} ")
        state = state_text(process)
        result = escape_controls(results.get(process.name, ""))
        if result and row.cell_len + len(state) + len(result) + 2 > width:
            # There is no room for both.
            state, result = f"{state[0]} {result}", ""
        row.append(state, "dim" if is_stale else STATE_COLORS.get(word, ""))
        if process.restarts and not results.get(process.name):
            row.append(f" ↻{process.restarts}", "dim")
        if result:
            row.append(f"  {result}", "bold")
        elif process.waiting_for and process.name not in results:
            row.append(f"  for {', '.join(process.waiting_for)}", "dim")
        elif process.port and process.pid and process.name not in results:
            row.append(f"  :{process.port}", "dim")
        rows.append(row)
    return rows


def request_rows(requests: Iterable[RequestRecord]) -> list[Text]:
    """Return a row for each request, the newest first."""
    rows = []
    for request in requests:
        row = Text()
        row.append(f"{clock(milliseconds(request.timestamp))} ", "dim")
        status = str(request.status_code) if request.status_code else "…"
        row.append(f"{status:>3} ", _STATUS_COLORS.get(request.status_code // 100, ""))
        row.append(f"{request.method:<6} ")
        row.append(f"{request.duration_ms:>7.0f} ms ", "dim")
        row.append(escape_controls(f"{request.subdomain or request.host}{request.url}"))
        rows.append(row)
    return rows


def request_details(found: Mapping[str, Any]) -> list[Text]:
    """Return the rows of one request in full (``GET /proxy/requests/ID?include=body``)."""
    rows = [
        Text(escape_controls(f"{found['method']} {found['url']}"), "bold"),
        Text(escape_controls(
            f"{found.get('status_code') or 'active'}  {found.get('duration_ms', 0):.0f} ms  "
            f"host {found.get('host', '')}  from {found.get('remote_addr', '')}  id {found['id']}"
        )),
    ]  # fmt: skip
    details = found.get("details", {})
    for side in ("request", "response"):
        rows += [Text(), Text(f"{side} headers", "bold")]
        for name, values in details.get(f"{side}_headers", {}).items():
            rows += [Text(escape_controls(f"  {name}: {value}")) for value in values]
        if "frames" in details:
            continue
        body = details.get(f"{side}_body", {})
        rows += [
            Text(),
            Text(f"{side} body: {body.get('size', 0)} bytes{', truncated' * bool(body.get('truncated'))}", "bold"),
        ]
        data = "binary" if body.get("is_binary") else body.get("data") or ""
        rows += [Text(f"  {escape_controls(line)}") for line in data.splitlines()[:1000]]
    rows += _frame_rows(details)
    if lines := details.get("logs"):
        rows += [Text(), Text("log lines", "bold")]
        rows += [Text(f"  {'=' if line.get('exact') else ' '} {escape_controls(line['line'])}") for line in lines]
    return rows


def _frame_rows(details: Mapping[str, Any]) -> list[Text]:
    """Return a row for each frame of a WebSocket; none for other requests."""
    if "frames" not in details:
        return []
    dropped = details["frames_dropped"]
    rows = [Text(), Text(f"frames{f', after {dropped} that were not kept' if dropped else ''}", "bold")]
    for frame in details["frames"]:
        row = Text.assemble((f"  {clock(milliseconds(frame['timestamp']))} ", "dim"))
        row.append("→ sent     " if frame["direction"] == "sent" else "← received ")
        code = f" {frame['close_code']}" if frame["close_code"] is not None else ""
        row.append(f"{frame['type']}{code}, {frame['size']} bytes{', truncated' * frame['truncated']}  ", "dim")
        row.append("" if frame["is_binary"] else escape_controls(frame["data"]))
        rows.append(row)
    return rows


def graph_rows(processes: Mapping[str, ProcessRecord]) -> list[Text]:
    """Return who waits for whom, with states and the critical path."""
    if not any(process.depends_on for process in processes.values()):
        return []
    path = critical_path({name: _span(process) for name, process in processes.items()})
    rows = []
    for process in processes.values():
        row = Text()
        row.append("» " if process.name in path and len(path) > 1 else "  ", "bold")
        row.append(f"{process.name} ")
        row.append(state_text(process), STATE_COLORS.get(state_word(process), ""))
        if process.ready_seconds is not None:
            row.append(f"  ready after {process.ready_seconds:.1f} s", "dim")
        rows.append(row)
        for name in process.depends_on:
            waits = name in process.waiting_for
            other = Text(f"    {'waits for' if waits else 'after'} {name}", "yellow" if waits else "dim")
            rows.append(other)
    if len(path) > 1:
        rows += [Text(), Text(f"critical path: {' » '.join(path)}", "bold")]
    return rows


def _span(process: ProcessRecord) -> Span:
    """Return when a process was started and ready, for the critical path."""
    if not process.ready or not process.started_at or process.ready_seconds is None:
        return Span(None, None, process.depends_on)
    started = milliseconds(process.started_at) / 1000
    return Span(started, started + process.ready_seconds, process.depends_on)


def job_rows(processes: Iterable[ProcessRecord]) -> list[Text]:
    """Return a row for each job that the instance knows."""
    rows = []
    for process in processes:
        if process.kind != "job":
            continue
        row = Text(f"{process.name} ")
        row.append(state_text(process), STATE_COLORS.get(state_word(process), ""))
        if process.started_at:
            row.append(f"  started {clock(milliseconds(process.started_at))}", "dim")
        if process.ready_seconds is not None:
            row.append(f"  took {process.ready_seconds:.1f} s", "dim")
        if process.reason:
            row.append(f"  {escape_controls(process.reason)}")
        rows.append(row)
    return rows


def problem_rows(problems: Iterable[tuple[ProcessRecord, str]]) -> list[Text]:
    """Return a row for each process that needs attention, with the reason."""
    rows = []
    for process, reason in problems:
        row = Text(f"{process.name} ")
        row.append(state_text(process), STATE_COLORS.get(state_word(process), ""))
        row.append(f"  {escape_controls(reason)}")
        rows.append(row)
    return rows


def help_rows(keys: Keys) -> list[Text]:
    """Return a row for each command with its keys."""
    shown = [("  ".join(command.keys) or "no key", command) for command in keys.commands]
    shown = [
        ("1 … 9" if command.name == "only" and len(command.keys) > 3 else text, command) for text, command in shown
    ]
    width = max(len(text) for text, _ in shown)
    return [
        Text.assemble((text.ljust(width + 2), "bold"), f"{command.name.ljust(15)} ", (command.text, "dim"))
        for text, command in shown
    ]


def footer(keys: Keys, width: int) -> Text:
    """Return the most important keys, as many as fit. Help and quitting come first."""
    commands = [keys["help"], keys["quit"], *(each for each in keys.commands if each.short)]
    text = Text()
    for command in dict.fromkeys(commands):
        if not command.keys:
            continue
        key = "1-9" if command.name == "only" else command.keys[0]
        part = Text.assemble((key, "bold"), f" {command.short}  ")
        if text.cell_len + part.cell_len > width + 2:
            break
        text.append_text(part)
    return text
