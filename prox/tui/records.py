"""The objects of the API that the terminal UI uses, decoded."""

from __future__ import annotations

from msgspec import Struct


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """A log line (``GET /logs``). Not seen by the garbage collector: there are many, and they hold no references."""

    id: str | None = None
    timestamp: str
    process: str
    stream: str
    line: str
    level: str | None = None
    continues: bool = False
    partial: bool = False
    replaces: bool = False


class ProcessRecord(Struct, frozen=True, kw_only=True):
    """A process (``GET /processes``)."""

    name: str
    status: str
    pid: int = 0
    uptime_seconds: int = 0
    restarts: int = 0
    crashes: int = 0
    health: str = "unknown"
    kind: str = "process"
    ready: bool = False
    down: bool = True
    exit_code: int | None = None
    signal: str | None = None
    reason: str | None = None
    started_at: str | None = None
    ready_seconds: float | None = None
    waiting_for: tuple[str, ...] = ()
    next_restart_at: str | None = None
    port: int | None = None
    url: str | None = None
    groups: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    description: str = ""
    cpu_percent: float | None = None
    memory_bytes: int | None = None


class RequestRecord(Struct, frozen=True, kw_only=True):
    """A request of the proxy (``GET /proxy/requests``)."""

    id: str
    timestamp: str
    method: str
    url: str
    subdomain: str = ""
    status_code: int = 0
    duration_ms: float = 0
    remote_addr: str = ""
    state: str = "done"
    host: str = ""
    service: str | None = None
    request_bytes: int = 0
    response_bytes: int = 0


class Snapshot(Struct, frozen=True):
    status: str
    processes: list[ProcessRecord]


class Dropped(Struct, frozen=True):
    count: int
