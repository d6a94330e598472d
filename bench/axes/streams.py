"""streams: how many log lines reach the clients of GET /logs/stream, and how soon a single line does.

One C program reads as all clients, and counts. A process writes lines of 100 bytes as fast as prox reads them. A client
that is too slow is told how many lines it missed: these do not count, and the lines and gaps of each client must add up
to what was written. The time runs from the first line until the last one is delivered.
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import time
from typing import TYPE_CHECKING

from bench.figures import OURS, Bar, Row, Scale, alternate, figures
from bench.instances import instance
from bench.programs import compiled
from bench.sessions import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BLOCK = 65536
TARGET = "/api/v1/logs/stream?process=w"


def measure(scale: Scale) -> Iterator[Row]:
    lines = scale.of(300_000, 20_000)
    counts = (1, 3) if scale.tiny else (1, 10, 100)
    found = alternate(scale.rounds, {str(count): stream(count, lines) for count in (0, *counts)})
    for count in counts:
        dropped = statistics.median(found["dropped"][str(count)])
        yield Row(
            f"{lines:,} log lines to {count} {'client' if count == 1 else 'clients'}",
            "million lines/s",
            figures({OURS: found["rate"][str(count)]}),
            Bar(value=0.5),
            more_is_better=True,
            note=f"{dropped:.0%} of the lines were dropped, and reported to the clients",
            extra={"dropped": dropped},
        )
    most = str(counts[-1])
    shares = [read / alone for read, alone in zip(found["written"][most], found["written"]["0"], strict=True)]
    what = f"lines a second that a process writes with {most} clients, as a share of those without"
    yield Row(what, "share", figures({OURS: shares}), more_is_better=True)
    yield _quiet(scale)


def stream(clients: int, lines: int) -> Callable[[], Mapping[str, float]]:
    """Return what measures one run: million lines a second delivered and written, and the share that was dropped."""
    writer = {"cmd": [str(compiled("writer")), str(lines), str(BLOCK)], "autostart": False}

    def once() -> Mapping[str, float]:
        with instance({"w": writer}) as prox:
            command = [str(compiled("streams")), str(clients), str(prox.port), TARGET, str(lines)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
                try:
                    assert reader.stdout is not None
                    if clients and reader.stdout.readline() != "ready\n":
                        raise AssertionError("the clients are not subscribed")
                    prox.start("w")
                    [(_, begun)] = prox.reports.take(1)
                    prox.reports.take(1)
                    written = {"written": lines / (time.monotonic_ns() - begun) * 1e3}
                    output, _ = reader.communicate(timeout=PATIENCE_SECONDS)
                finally:
                    reader.kill()
            if reader.returncode:
                raise AssertionError("the clients did not get all lines")
        return written | (_delivered(output, begun) if clients else {})

    return once


def _delivered(output: str, begun: int) -> dict[str, float]:
    got = [tuple(map(int, line.split())) for line in output.splitlines()]
    lines, dropped = sum(each[0] for each in got), sum(each[1] for each in got)
    return {"rate": lines / (max(each[2] for each in got) - begun) * 1e3, "dropped": dropped / (lines + dropped)}


def _quiet(scale: Scale) -> Row:
    count = scale.of(100, 10)
    found = alternate(scale.rounds, {OURS: lambda: {"ms": statistics.median(delays(count))}})
    what = "from the write of a line to its client, one line each 20 ms (medians of the rounds)"
    return Row(what, "ms", figures(found["ms"]), Bar(value=5.0))


def delays(count: int) -> list[float]:
    """Return for each of ``count`` lines how many milliseconds it took to a client."""
    ticker = {"cmd": [str(compiled("ticker")), str(count)], "autostart": False}
    address = "127.0.0.1"
    found: list[float] = []
    with instance({"w": ticker}) as prox, socket.create_connection((address, prox.port), PATIENCE_SECONDS) as client:
        client.sendall(f"GET {TARGET} HTTP/1.0\r\nHost: {address}:{prox.port}\r\n\r\n".encode())
        rest = b""
        # The comment at the beginning says that the client is subscribed.
        while b"\n: prox\n" not in rest:
            rest += _receive(client)
        prox.start("w")
        while len(found) < count:
            data = _receive(client)
            now = time.monotonic_ns()
            *lines, rest = (rest + data).split(b"\n")
            events = [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]
            found += [(now - int(each["line"])) / 1e6 for each in events]
    return found


def _receive(client: socket.socket) -> bytes:
    data = client.recv(65536)
    if not data or data.startswith(b": still here"):
        raise AssertionError("lines are missing in the stream")
    return data
