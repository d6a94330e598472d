"""How each proxy is run: app.localhost leads to the files of the origin, sink.localhost to its sink.

Each is set as its documentation shows it. Where that has choices, peers get those that serve them: kept connections
to the origin, no access log, and bodies that are passed on as they come. prox has its request inspector on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.origin import nginx
from bench.peers import NODE, VENV, node_program, program
from bench.programs import SOURCES
from bench.servers import environment_in, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bench.origin import Origin

FILES, SINK = "app.localhost", "sink.localhost"
DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a contender takes requests for the hosts FILES and SINK. ``pid``: 0 for the origin itself."""

    name: str
    files: int
    sink: int
    pid: int = 0


def direct(origin: Origin) -> Endpoint:
    """Return the origin as a contender: the limit of all others."""
    return Endpoint(DIRECT, origin.files, origin.sink)


@contextmanager
def proxying(name: str, origin: Origin, core: int) -> Iterator[Endpoint]:
    """Run a proxy on a core."""
    port = free_port()
    with serving(name, port, lambda folder: _PREPARE[name](folder, port, origin), core) as pid:
        yield Endpoint(name, port, port, pid)


def _prox(folder: Path, port: int, origin: Origin) -> list[str]:
    settings = {
        "api": {"port": 0},
        "proxy": {"domain": "localhost", "http_port": port},
        "services": {"app": origin.files, "sink": origin.sink},
        # There must be one.
        "processes": {"idle": "exec sleep 100000"},
    }
    (folder / "prox.yaml").write_text(json.dumps(settings))
    return [sys.executable, "-m", "prox", "up"]


def _caddy(folder: Path, port: int, origin: Origin) -> list[str]:
    sites = "".join(
        f"http://{host}:{port} {{\nbind 127.0.0.1\nreverse_proxy 127.0.0.1:{target}\n}}\n"
        for host, target in ((FILES, origin.files), (SINK, origin.sink))
    )
    (folder / "Caddyfile").write_text(f"{{\nadmin off\n}}\n{sites}")
    return [program("caddy") or "", "run", "--config", "Caddyfile"]


def _nginx(folder: Path, port: int, origin: Origin) -> list[str]:
    settings = {
        "client_max_body_size": "0",
        "proxy_http_version": "1.1",
        "proxy_request_buffering": "off",
        "proxy_max_temp_file_size": "0",
    }
    forward = (
        "proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade;"
        " proxy_set_header Connection $connection_upgrade;"
    )
    servers = "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n" + "".join(
        f"upstream {name} {{ server 127.0.0.1:{target}; keepalive 64; }}\n"
        f"server {{ listen 127.0.0.1:{port}; server_name {host};"
        f" location / {{ proxy_pass http://{name}; {forward} }} }}\n"
        for name, host, target in (("files", FILES, origin.files), ("sink", SINK, origin.sink))
    )
    return nginx(folder, settings, servers)


def _haproxy(folder: Path, port: int, origin: Origin) -> list[str]:
    (folder / "haproxy.cfg").write_text(
        "global\n maxconn 4096\n"
        "defaults\n mode http\n timeout connect 5s\n timeout client 1m\n timeout server 1m\n timeout tunnel 1h\n"
        f"frontend all\n bind 127.0.0.1:{port}\n use_backend sink if {{ hdr(host) -i {SINK} }}\n"
        f" default_backend files\n"
        f"backend files\n server one 127.0.0.1:{origin.files}\n"
        f"backend sink\n server one 127.0.0.1:{origin.sink}\n"
    )
    return [program("haproxy") or "", "-db", "-f", "haproxy.cfg"]


def _portless(folder: Path, port: int, origin: Origin) -> list[str]:
    for host, target in ((FILES, origin.files), (SINK, origin.sink)):
        command = [node_program("portless"), "alias", host.partition(".")[0], str(target)]
        subprocess.run(command, env=environment_in(folder), check=True, stdout=subprocess.DEVNULL)
    return [node_program("portless"), "proxy", "start", "--foreground", "--no-tls", "-p", str(port)]


def _http_proxy(folder: Path, port: int, origin: Origin) -> list[str]:
    ports = [str(each) for each in (port, origin.files, origin.sink)]
    return ["node", str(SOURCES / "http_proxy.js"), str(NODE / "http-proxy"), *ports]


def _mitmproxy(folder: Path, port: int, origin: Origin) -> list[str]:
    options = ["--set", f"confdir={folder}", "--set", "keep_host_header=true", "--quiet"]
    listen = ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    return [str(VENV / "bin/mitmdump"), "--mode", f"reverse:http://127.0.0.1:{origin.files}", *listen, *options]


_PREPARE: Mapping[str, Callable[[Path, int, Origin], list[str]]] = {
    "prox": _prox,
    "caddy": _caddy,
    "nginx": _nginx,
    "haproxy": _haproxy,
    "portless": _portless,
    "http-proxy": _http_proxy,
    "mitmproxy": _mitmproxy,
}
