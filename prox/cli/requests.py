"""`prox requests`: list, show, export and replay the requests that the proxy has recorded."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prox.cli.output import colored, exit_when_reader_gone, is_terminal, print_json, say
from prox.cli.project import connect
from prox.cli.render import DIM, GREEN, RED, YELLOW, Column, size, table
from prox.core.curl import NoCommand, curl, exact_body
from prox.core.har import absolute_url_of
from prox.core.text import escape_controls, text_width

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prox.client.client import Client

DEFAULT_LIMIT = 50
_CYAN = "36"
_SGR = re.compile(r"\x1b\[[0-9;]*m")

Record = dict[str, Any]


@click.command("requests")
@click.argument("words", nargs=-1, metavar="[ID | replay ID]")
@click.option("-f", "--follow", is_flag=True, help="Continue with each request when it is done.")
@click.option("-n", "--limit", type=click.IntRange(1), default=DEFAULT_LIMIT, metavar="N", help="At most N requests.")
@click.option("--subdomain", metavar="NAME", help="Only of this service.")
@click.option("--method", metavar="METHOD", help="Only with this method.")
@click.option("--min-status", type=click.IntRange(100, 599), metavar="STATUS", help="Only with this status or above.")
@click.option("--max-status", type=click.IntRange(100, 599), metavar="STATUS", help="Only with this status or below.")
@click.option(
    "--since", metavar="TIME", help="Only from this time on: 2025-01-19T10:32:01Z, or a duration back from now: 5m."
)
@click.option("--body", is_flag=True, help="With ID: show the bodies.")
@click.option(
    "--secrets", is_flag=True, help="With ID, --curl or --har: show cookies and Authorization as they were sent."
)
@click.option("--curl", "as_curl", is_flag=True, help="With ID: print a curl command that sends the same request.")
@click.option("--har", metavar="FILE", help="Write an HTTP Archive (mode 0600); -: to stdout.")
@click.option("--service", metavar="NAME", help="With replay: send it to this service.")
@click.option("--address", metavar="HOST:PORT", help="With replay: send it to this address.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with -f, one on each line.")
def requests(words: tuple[str, ...], **options: Any) -> int:
    """Show the requests that the proxy has recorded, the newest last; ID: one in full; replay ID: send it again."""
    replays = words[:1] == ("replay",)
    ids = words[1:] if replays else words
    if len(ids) > 1 or (replays and not ids):
        raise click.UsageError("pass one ID, or `replay ID`")
    if not ids and (options["body"] or options["as_curl"]):
        raise click.UsageError(f"{'--body' if options['body'] else '--curl'} needs an ID")
    client = connect()
    if replays:
        return _replay(client, ids[0], options)
    if ids:
        return _show_one(client, ids[0], options)
    query = {key: options[key] for key in ("subdomain", "method", "min_status", "max_status", "since")}
    if options["har"]:
        return _write_har(client, options, query)
    if options["follow"]:
        return _follow(client, options, query)
    found = client.requests(limit=options["limit"], **query)
    if options["as_json"]:
        print_json(found)
    elif found["requests"]:
        for line in _table(found["requests"][::-1]):
            say(line)
    else:
        say("no requests yet")
    return 0


def _table(records: list[Record]) -> list[str]:
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    lines = table(COLUMNS, records, color=colored(), width=None)
    # The URL is the last column; it is truncated rather than wrapped.
    return [_cut(line, width) for line in lines] if width else lines


def _cut(line: str, width: int) -> str:
    """Truncate a line to the width; a truncated line loses its colours."""
    return line if text_width(_SGR.sub("", line)) <= width else _SGR.sub("", line)[: width - 1] + "…"


def _follow(client: Client, options: Mapping[str, Any], query: Mapping[str, Any]) -> int:
    first = True
    exit_when_reader_gone()
    with client.follow_requests(**query) as events:
        for event in events:
            if event.name != "message":
                continue
            if options["as_json"]:
                print_json(event.data, indent=None)
            else:
                lines = _table([event.data])
                say("\n".join(lines if first else lines[1:]))
                first = False
    return 0


def _show_one(client: Client, id: str, options: Mapping[str, Any]) -> int:
    shown = {"body": options["body"] or options["as_curl"], "secrets": options["secrets"]}
    wanted = [word for word, on in shown.items() if on]
    found = client.request(id, include=",".join(wanted) or None)
    if options["as_json"]:
        print_json(found)
    elif options["as_curl"]:
        details = found["details"]
        headers = [(name, value) for name, values in details["request_headers"].items() for value in values]
        try:
            body = exact_body(headers, details["request_body"])
            say(curl(found["method"], absolute_url_of(found), found["url"], headers, body))
        except NoCommand as why:
            raise NoCommand(f"cannot express {id} as a curl command: {why}; use `prox requests replay {id}`") from None
    else:
        for line in _in_full(found, with_bodies=options["body"]):
            say(line)
    return 0


def _in_full(found: Record, *, with_bodies: bool) -> list[str]:
    details = found["details"]
    took = f"{found['duration_ms']:.1f} ms" if found["state"] == "done" else "in progress"
    lines = [f"{found['method']} {absolute_url_of(found)}"]
    lines.append(f"{found['status_code'] or '-'}, {took}, to {found['service']}")
    if found.get("error"):
        lines.append(f"error: {found['error']}")
    for side in ("request", "response"):
        lines += ["", f"{side}:"]
        for name, values in details[f"{side}_headers"].items():
            lines += [f"  {name}: {value}" for value in values]
        body = details[f"{side}_body"]
        if body["size"]:
            cut = ", truncated" if body["truncated"] else ""
            lines.append(f"  ({size(body['size'])} of body{cut})")
        # The bytes of a WebSocket are shown as frames.
        if with_bodies and body.get("data") and "frames" not in details:
            lines += ["", *body["data"].splitlines()]
    lines += _frames(details, with_data=with_bodies)
    if details["logs"]:
        lines += ["", "log lines during the request:"]
        lines += [f"{'*' if line['exact'] else ' '} {line['timestamp']} {line['line']}" for line in details["logs"]]
    return [escape_controls(line) for line in lines]


def _frames(details: Record, *, with_data: bool) -> list[str]:
    """Return the lines for the frames of a WebSocket; none for other requests."""
    frames = details.get("frames", [])
    if not frames:
        return []
    dropped = f" after {details['frames_dropped']} that were not kept" if details["frames_dropped"] else ""
    if not with_data:
        return ["", f"{len(frames)} WebSocket frames{dropped}; --body shows them"]
    lines = ["", f"WebSocket frames{dropped}:"]
    for frame in frames:
        arrow = "→" if frame["direction"] == "sent" else "←"
        code = f" {frame['close_code']}" if frame["close_code"] is not None else ""
        text = "(binary)" if frame["is_binary"] and frame["size"] else frame["data"]
        more = " …" if frame["truncated"] else ""
        lines.append(f"{arrow} {frame['timestamp']} {frame['type']}{code} {size(frame['size'])} {text}{more}".rstrip())
    return lines


def _replay(client: Client, id: str, options: Mapping[str, Any]) -> int:
    made = client.replay(id, service=options["service"], address=options["address"])
    if options["as_json"]:
        print_json(made)
    elif made.get("error"):
        say(f"{made['id']}: {escape_controls(made['error'])}")
    else:
        took = f"{made['status_code']} in {made['duration_ms']:.1f} ms"
        say(f"{made['id']}: {took}; `prox requests {made['id']}` shows it")
    return 1 if made.get("error") else 0


def _write_har(client: Client, options: Mapping[str, Any], query: Mapping[str, Any]) -> int:
    include = ",".join(["body", *(["secrets"] if options["secrets"] else [])])
    archive = json.dumps(client.har(include=include, **query), ensure_ascii=False, indent=1)
    if options["har"] == "-":
        say(archive)
        return 0
    path = Path(options["har"])
    # Bodies may hold secrets.
    path.touch(mode=0o600)
    if path.is_file():
        # Not a device such as /dev/null.
        path.chmod(0o600)
    path.write_text(archive + "\n", encoding="utf-8")
    say(f"{path} written")
    return 0


def _status_color(record: Mapping[str, Any]) -> str:
    status = record["status_code"]
    if record["state"] == "active":
        return DIM
    if not status or status >= 500:
        return RED
    return {2: GREEN, 3: _CYAN, 4: YELLOW}.get(status // 100, _CYAN)


def _status(record: Mapping[str, Any]) -> str:
    if record["status_code"]:
        return str(record["status_code"])
    return "…" if record["state"] == "active" else "ERR"


def _clock(record: Mapping[str, Any]) -> str:
    return f"{datetime.fromisoformat(record['timestamp']).astimezone():%H:%M:%S}"


def _took(record: Mapping[str, Any]) -> str:
    return "" if record["state"] == "active" else f"{record['duration_ms']:.0f} ms"


def _url(record: Mapping[str, Any]) -> str:
    url = str(record["url"])
    return url if len(url) <= 80 else url[:79] + "…"


COLUMNS = (
    Column("ID", lambda record: record["id"]),
    Column("TIME", _clock, spare=2),
    Column("STATUS", _status, _status_color, right=True),
    Column("METHOD", lambda record: record["method"]),
    Column("SERVICE", lambda record: record["subdomain"] or record["service"]),
    Column("TOOK", _took, right=True, spare=1),
    Column("SIZE", lambda record: size(record["response_bytes"]), right=True, spare=3),
    Column("URL", _url),
)
