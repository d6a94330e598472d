"""The types of the configuration: frozen, with durations in seconds, sizes in bytes, and short forms expanded.

These types are the single definition of prox.yaml: ``read`` builds them, ``schema`` generates the JSON Schema from
them, ``dump`` writes them as YAML. Field names are the keys of the file. ``form`` names the format of a value if its
type does not determine it (``scalar_formats``).
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from msgspec import Meta, Struct, inspect

Duration = Annotated[float, Meta(ge=0, extra={"form": "duration"})]
"""Seconds; written in Go's syntax (``1h30m``)."""
Period = Annotated[float, Meta(gt=0, extra={"form": "duration"})]
"""A duration greater than 0."""
Size = Annotated[int, Meta(ge=1, extra={"form": "size"})]
"""Bytes; written ``64KB``, ``10MB``, ``1GiB`` (all powers of 1024)."""
Scalars = Annotated[dict[str, str], Meta(extra={"form": "scalars"})]
"""Variables: scalars, taken as written."""
Text = Annotated[str, Meta(extra={"form": "text"})]
"""One or more characters."""
Name = Annotated[str, Meta(extra={"form": "name"})]
"""The name of a process, a job or a group."""
Pattern = Annotated[str, Meta(extra={"form": "pattern"})]
"""An RE2 regular expression."""
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
Status = Annotated[int, Meta(ge=100, le=599)]
ExitCode = Annotated[int, Meta(ge=0, le=255)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Number = Annotated[int, Meta(ge=1, le=1_000_000)]
Command = Annotated[str | tuple[str, ...], Meta(extra={"form": "command"})]
"""A string is run by ``/bin/sh -c``, a list is executed directly."""
EnvFiles = Annotated[tuple["EnvFile", ...], Meta(extra={"form": "env_files"})]
"""One env file, or a list that is read in order."""
Dependencies = Annotated[dict[str, "Dependency"], Meta(extra={"form": "dependencies"})]
"""A list of names, or a mapping of conditions."""


Stdin = Annotated[Literal["open", "null"], Meta(extra={"form": "stdin"})]
"""``open``: a pipe that prox holds and never writes to. ``null``: /dev/null."""


class EnvFile(Struct, frozen=True):
    """An env file as written, relative to the project directory; ``?.env.local`` makes it optional."""

    path: str
    optional: bool = False


class Api(Struct, frozen=True, kw_only=True):
    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    """None: 5555, or a free port if it is taken; 0: a free port."""
    auth: bool | None = None
    """None: on if ``host`` is not a loopback address."""
    allowed_hosts: tuple[Text, ...] = ()


class Logs(Struct, frozen=True, kw_only=True):
    dir: Text | Literal[False] = ".prox/logs"
    max_size: Size = 10 * 1024 * 1024
    keep: Annotated[int, Meta(ge=0, le=1000)] = 3
    buffer_lines: Number = 1000
    buffer_bytes: Size = 1024 * 1024


class HealthCheck(Struct, frozen=True, kw_only=True):
    """Exactly one of ``cmd``, ``http``, ``tcp``, ``log``, ``notify`` is set."""

    cmd: Command | None = None
    http: Text | None = None
    status: tuple[Status, ...] = ()
    """Accepted statuses of ``http``; empty: any 2xx or 3xx."""
    tcp: PortNumber | Text | Literal[True] | None = None
    """A port, ``host:port``, or True for the process's own port."""
    log: Pattern | None = None
    notify: Literal[True] | None = None
    interval: Period = 10.0
    timeout: Period = 5.0
    retries: Number = 3
    start_period: Duration = 30.0
    start_interval: Period = 0.5
    listener: Literal["own", "any"] = "own"
    """For ``http`` and ``tcp`` on this machine: the listener must be the process or a descendant, or any process."""


class Dependency(Struct, frozen=True, kw_only=True):
    """One entry of ``depends_on``. The condition is resolved: never absent."""

    condition: Literal["started", "healthy", "completed", "finished", "log"]
    log: Pattern | None = None
    restart: bool = False


class Restart(Struct, frozen=True, kw_only=True):
    policy: Literal["no", "on-failure", "always", "unhealthy"] = "no"
    max: Count = 5
    backoff: Duration = 0.5
    max_backoff: Duration = 30.0
    reset_after: Duration = 10.0


class Stop(Struct, frozen=True, kw_only=True):
    signal: Annotated[str, Meta(extra={"form": "signal"})] = "SIGTERM"
    timeout: Duration | None = None
    """None: the configuration's ``shutdown_timeout``."""
    cmd: Command | None = None
    leftovers: Literal["kill", "report", "ignore"] = "kill"
    scope: Literal["group", "leader"] = "group"
    """The target of the signal; the kill after ``timeout`` always affects the whole group."""


class Watch(Struct, frozen=True, kw_only=True):
    paths: tuple[Text, ...]
    ignore: tuple[Text, ...] = ()
    debounce: Duration = 0.2


class ListenFd(Struct, frozen=True):
    """``port: {fd: 3}``: prox opens a listening socket on a free port, and passes it as this descriptor.

    At most 9, since a POSIX shell need not take larger numbers in redirections (Shell Command Language, 2.7).
    """

    fd: Annotated[int, Meta(ge=3, le=9)]


class HttpReset(Struct, frozen=True):
    """``reset: {http: "POST /reset"}``."""

    http: Annotated[str, Meta(extra={"form": "request"})]


class ProcessSpec(Struct, frozen=True, kw_only=True):
    cmd: Command
    description: str = ""
    cwd: Text = "."
    env: Scalars = {}
    env_file: EnvFiles = ()
    port: PortNumber | Literal["auto"] | ListenFd | None = None
    fixed: bool = False
    healthcheck: HealthCheck | None = None
    depends_on: Dependencies = {}
    restart: Restart = Restart()
    stop: Stop = Stop()
    watch: Watch | None = None
    start_timeout: Period = 300.0
    autostart: bool = True
    groups: tuple[Name, ...] = ()
    fail_on_log: Pattern | None = None
    reset: Command | HttpReset | None = None
    per_worker: bool = False
    stdin: Stdin = "open"
    tty: bool = False


class Job(Struct, frozen=True, kw_only=True):
    cmd: Command
    description: str = ""
    cwd: Text = "."
    env: Scalars = {}
    env_file: EnvFiles = ()
    port: PortNumber | Literal["auto"] | ListenFd | None = None
    depends_on: Dependencies = {}
    stop: Stop = Stop()
    groups: tuple[Name, ...] = ()
    timeout: Period | None = None
    retries: Count = 0
    success_codes: tuple[ExitCode, ...] = (0,)
    allow_failure: bool = False
    slots: Number = 1
    lock: Text | None = None
    junit: Text | None = None
    per_worker: bool = False
    stdin: Stdin = "null"
    tty: bool = False


class Capture(Struct, frozen=True, kw_only=True):
    enabled: bool = True
    max_body_size: Size = 1024 * 1024


class Proxy(Struct, frozen=True, kw_only=True):
    enabled: bool
    """Resolved: as written, or on if a port is set."""
    host: Text = "127.0.0.1"
    http_port: PortNumber | None = None
    https_port: PortNumber | None = None
    domain: Annotated[str, Meta(extra={"form": "domain"})]
    wait: Duration = 30.0
    trust: tuple[Annotated[str, Meta(extra={"form": "network"})], ...] = ()
    capture: Capture = Capture()


class Service(Struct, frozen=True, kw_only=True):
    """A service of the proxy: a ``port`` on ``host``, or the port of a ``process``."""

    port: PortNumber | None = None
    host: Text = "localhost"
    process: Name | None = None


class Certs(Struct, frozen=True, kw_only=True):
    dir: Text = "~/.prox/certs"
    auto_generate: bool = True
    export: bool = False


class Config(Struct, frozen=True, kw_only=True):
    """A complete configuration. Its paths are relative to ``folder``, the project directory (absolute)."""

    folder: str
    file: str | None = None
    """Absolute path of the file; None if it was not read from a file."""
    digest: str | None = None
    """A digest of the text of the file and its override; None if it was not read from a file."""
    api: Api = Api()
    env_file: EnvFiles = ()
    env: Scalars = {}
    shutdown_timeout: Duration = 10.0
    logs: Logs = Logs()
    processes: dict[Name, ProcessSpec] = {}
    jobs: dict[Name, Job] = {}
    proxy: Proxy | None = None
    services: dict[Annotated[str, Meta(extra={"form": "label"})], Service] = {}
    certs: Certs = Certs()


@cache
def fields_of(cls: type[Struct]) -> tuple[inspect.Field, ...]:
    """Return the fields of a section with their types. Cached, since msgspec takes a millisecond."""
    kind = inspect.type_info(cls)
    assert isinstance(kind, inspect.StructType)
    return kind.fields
