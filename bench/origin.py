"""What the proxies of the benchmarks forward to: nginx with files, and a sink for bodies and WebSockets."""

from __future__ import annotations

import grp
import os
import pwd
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.peers import program
from bench.servers import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BODIES = {"/small": os.urandom(1024), "/large": os.urandom(1 << 20)}
"""What nginx serves."""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True)
class Origin:
    """The ports of nginx and of the sink, on 127.0.0.1."""

    files: int
    sink: int


@contextmanager
def running_origin() -> Iterator[Origin]:
    origin = Origin(free_port(), free_port())
    with ExitStack() as stack:
        stack.enter_context(serving("origin", origin.files, lambda folder: _nginx(folder, origin.files)))
        sink = [sys.executable, str(Path(__file__).with_name("sink.py")), str(origin.sink)]
        stack.enter_context(serving("sink", origin.sink, lambda _: sink))
        yield origin


def _nginx(folder: Path, port: int) -> list[str]:
    files = folder / "files"
    files.mkdir()
    for path, body in BODIES.items():
        (files / path[1:]).write_bytes(body)
    return nginx(folder, {}, f"server {{ listen 127.0.0.1:{port} backlog=4096; root {files}; }}")


def nginx(folder: Path, settings: Mapping[str, str], servers: str) -> list[str]:
    """Write the configuration of an nginx with one worker, without an access log; return its command line."""
    if not (found := program("nginx")):
        raise FileNotFoundError("bench: nginx is not installed, which is the origin of what the proxies serve")
    # Only root may name a user, and without one its worker could not read the folder.
    user = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    http = {
        "access_log": "off",
        "sendfile": "on",
        "keepalive_timeout": "1h",
        "keepalive_requests": "1000000000",
        **{f"{each}_temp_path": f"{folder}/{each}" for each in TEMPORARY},
        **settings,
    }
    (folder / "nginx.conf").write_text(
        (f"user {' '.join(user)};\n" if os.getuid() == 0 else "")
        + f"daemon off;\nworker_processes 1;\npid {folder}/pid;\n"
        + "events { worker_connections 8192; }\n"
        + f"http {{\n{''.join(f'{name} {value};' for name, value in http.items())}\n{servers}\n}}\n"
    )
    return [found, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
