"""The configuration as understood: frozen values, durations in seconds, sizes in bytes, short forms made long.

These types are the single definition of prox.yaml (the contract is ``configuration.md``): ``read`` builds
them, ``schema`` generates the JSON Schema from them, ``dump`` writes them back as YAML. Their names are the
keys of the file.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Duration = Annotated[float, Meta(extra={"form": "duration"})]
"""Seconds; written as Go writes durations (``1h30m``)."""
Size = Annotated[int, Meta(extra={"form": "size"})]
"""Bytes; written ``64KB``, ``10MB``, ``1GiB`` (all powers of 1024)."""
Scalars = Annotated[dict[str, str], Meta(extra={"form": "scalars"})]
"""Variables: scalars taken as they are written."""
Pattern = Annotated[str, Meta(extra={"form": "pattern"})]
"""An RE2 regular expression."""
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
Command = str | tuple[str, ...]
"""A string goes through ``/bin/sh -c``, a list is executed as it is."""


class EnvFile(Struct, frozen=True):
    """An env file as written, relative to the project's folder; ``?.env.local`` makes it optional."""

    path: str
    optional: bool = False


class Api(Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    """None: 5555, or a free one where that is taken; 0: a free one."""
    auth: bool | None = None
    """None: on exactly when ``host`` is not a loopback address."""
    allowed_hosts: tuple[str, ...] = ()


class Logs(Struct, frozen=True, kw_only=True):
    dir: str | Literal[False] = ".prox/logs"
    max_size: Size = 10 * 1024 * 1024
    keep: int = 3
    buffer_lines: int = 1000
    buffer_bytes: Size = 1024 * 1024


class HealthCheck(Struct, frozen=True, kw_only=True):
    """Exactly one of ``cmd``, ``http``, ``tcp``, ``log``, ``notify`` is set."""

    cmd: Command | None = None
    http: str | None = None
    status: tuple[int, ...] = ()
    """Accepted statuses of ``http``; empty: any 2xx or 3xx."""
    tcp: int | str | Literal[True] | None = None
    """A port, ``host:port``, or True for the process's own port."""
    log: Pattern | None = None
    notify: Literal[True] | None = None
    interval: Duration = 10.0
    timeout: Duration = 5.0
    retries: int = 3
    start_period: Duration = 30.0
    start_interval: Duration = 0.5


class Dependency(Struct, frozen=True, kw_only=True):
    """One entry of ``depends_on``. The condition is resolved: never absent."""

    condition: Literal["started", "healthy", "completed", "finished", "log"]
    log: Pattern | None = None
    restart: bool = False


class Restart(Struct, frozen=True, kw_only=True):
    policy: Literal["no", "on-failure", "always", "unhealthy"] = "no"
    max: int = 5
    backoff: Duration = 0.5
    max_backoff: Duration = 30.0
    reset_after: Duration = 10.0


class Stop(Struct, frozen=True, kw_only=True):
    signal: str = "SIGTERM"
    timeout: Duration | None = None
    """None: the configuration's ``shutdown_timeout``."""
    cmd: Command | None = None
    leftovers: Literal["kill", "report", "ignore"] = "kill"


class Watch(Struct, frozen=True, kw_only=True):
    paths: tuple[str, ...]
    ignore: tuple[str, ...] = ()
    debounce: Duration = 0.2


class ListenFd(Struct, frozen=True):
    """``port: {fd: 3}``: the listening socket itself is handed over (issue 5)."""

    fd: int


class HttpReset(Struct, frozen=True):
    """``reset: {http: "POST /reset"}``."""

    http: str


class Process(Struct, frozen=True, kw_only=True):
    cmd: Command
    description: str = ""
    cwd: str = "."
    env: Scalars = {}
    env_file: tuple[EnvFile, ...] = ()
    port: PortNumber | Literal["auto"] | ListenFd | None = None
    fixed: bool = False
    healthcheck: HealthCheck | None = None
    depends_on: dict[str, Dependency] = {}
    restart: Restart = Restart()
    stop: Stop = Stop()
    watch: Watch | None = None
    start_timeout: Duration = 300.0
    autostart: bool = True
    groups: tuple[str, ...] = ()
    fail_on_log: Pattern | None = None
    reset: str | tuple[str, ...] | HttpReset | None = None
    per_worker: bool = False
    tty: bool = False


class Job(Struct, frozen=True, kw_only=True):
    cmd: Command
    description: str = ""
    cwd: str = "."
    env: Scalars = {}
    env_file: tuple[EnvFile, ...] = ()
    port: PortNumber | Literal["auto"] | ListenFd | None = None
    depends_on: dict[str, Dependency] = {}
    stop: Stop = Stop()
    groups: tuple[str, ...] = ()
    timeout: Duration | None = None
    retries: int = 0
    success_codes: tuple[int, ...] = (0,)
    allow_failure: bool = False
    slots: int = 1
    lock: str | None = None
    junit: str | None = None
    per_worker: bool = False
    tty: bool = False


class Capture(Struct, frozen=True, kw_only=True):
    enabled: bool = True
    max_body_size: Size = 1024 * 1024


class Proxy(Struct, frozen=True, kw_only=True):
    enabled: bool
    """Resolved: on when a port is set, or as written."""
    host: str = "127.0.0.1"
    http_port: PortNumber | None = None
    https_port: PortNumber | None = None
    domain: str
    wait: Duration = 30.0
    trust: tuple[str, ...] = ()
    capture: Capture = Capture()


class Service(Struct, frozen=True, kw_only=True):
    """A name in front of the proxy: a ``port`` on ``host``, or a ``process`` (whose port it is)."""

    port: PortNumber | None = None
    host: str = "localhost"
    process: str | None = None


class Certs(Struct, frozen=True, kw_only=True):
    dir: str = "~/.prox/certs"
    auto_generate: bool = True
    export: bool = False


class Config(Struct, frozen=True, kw_only=True):
    """A whole prox.yaml. ``folder`` (absolute) is what every path in it is relative to."""

    folder: str
    file: str | None = None
    """Absolute path of the file it was read from; None where it was no file."""
    api: Api = Api()
    env_file: tuple[EnvFile, ...] = ()
    env: Scalars = {}
    shutdown_timeout: Duration = 10.0
    logs: Logs = Logs()
    processes: dict[str, Process] = {}
    jobs: dict[str, Job] = {}
    proxy: Proxy | None = None
    services: dict[str, Service] = {}
    certs: Certs = Certs()
