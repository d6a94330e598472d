"""``/processes``: the state of each process, and start, stop, restart, signal and reset.

A goal is set at once and pursued even if the client disconnects; the response only waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response, request

from prox.api.openapi import describe
from prox.api.parameters import read, read_body, signal_number, signal_pattern
from prox.api.responses import Success, json_response
from prox.core.snapshots import HealthcheckSnapshot, HistoryEntry, Leftover, ProcessSnapshot

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor
    from prox.system.usage import Usage


class ProcessesQuery(Struct, frozen=True):
    """The fields to include."""

    usage: Annotated[bool, Meta(description="Measure CPU and memory, which reads the whole process table")] = True


class Processes(Struct, frozen=True):
    """All processes, in the order of prox.yaml."""

    processes: list[ProcessSnapshot]


class ProcessInFull(ProcessSnapshot, frozen=True, kw_only=True):
    """One process, with its health check, if any, its command and its configured environment."""

    healthcheck: HealthcheckSnapshot | UnsetType = UNSET
    cmd: str
    cwd: str
    """The absolute working directory."""
    env: dict[str, str]
    """Variables from prox.yaml and its env files; secret values are `[REDACTED]`."""
    check_results: dict[str, int]
    """The distinct health check results of this run, at most 10, with their counts."""
    listens_on: tuple[int, ...]
    """The TCP ports on which the process and its descendants listen."""
    history: tuple[HistoryEntry, ...]
    """The newest 100 events, oldest first."""


class Stopped(Success, frozen=True):
    """The process has stopped. ``left``: processes still running after the stop; absent if there are none."""

    left: tuple[Leftover, ...] | UnsetType = UNSET


class WantedSignal(Struct, frozen=True):
    """A signal to send."""

    signal: Annotated[
        str,
        Meta(
            description="The name of a signal, with or without SIG, in any letter case",
            min_length=1,
            max_length=32,
            examples=["SIGUSR1"],
            extra_json_schema={"pattern": signal_pattern()},
        ),
    ]
    scope: Literal["leader", "group"] = "leader"
    """The target: the process that prox spawned, or its process group."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("processes", __name__)

    @blueprint.get("/processes")
    @describe(Processes, query=ProcessesQuery, errors=(400,))
    async def list_processes() -> Response:
        """Return all processes, in the order of prox.yaml."""
        usage = await supervisor.usage() if read(ProcessesQuery, request.args).usage else {}
        return json_response(Processes([_measured(process, usage) for process in supervisor.processes()]))

    @blueprint.get("/processes/<name>")
    @describe(ProcessInFull, errors=(404,))
    async def get_process(name: str) -> Response:
        """Return one process in full."""
        supervisor.process(name)
        usage = await supervisor.usage()
        await supervisor.preview_environment(name)
        details = supervisor.details(name)
        in_full = ProcessInFull(
            **msgspec.structs.asdict(_measured(details.snapshot, usage)),
            healthcheck=details.healthcheck or UNSET,
            cmd=details.cmd,
            cwd=details.cwd,
            env=details.env,
            listens_on=await supervisor.listening_ports(name),
            check_results=details.check_results,
            history=details.history,
        )
        return json_response(in_full)

    @blueprint.post("/processes/<name>/start")
    @describe(Success, errors=(404, 409, 500, 503))
    async def start(name: str) -> Response:
        """Start a process; respond when it is spawned. A stopping process is started after it has stopped."""
        await supervisor.start(name).wait_done()
        return json_response(Success())

    @blueprint.post("/processes/<name>/stop")
    @describe(Stopped, errors=(404, 409, 503))
    async def stop(name: str) -> Response:
        """Stop a process; respond when no descendant of it is left, or with those still running after the stop."""
        await supervisor.stop(name).wait_done()
        return json_response(Stopped(left=supervisor.leftovers_of(name) or UNSET))

    @blueprint.post("/processes/<name>/restart")
    @describe(Success, errors=(404, 409, 500, 503))
    async def restart(name: str) -> Response:
        """Stop a process, then start it; start it if it is not running.

        It is not stopped if it could not be started again.
        """
        await supervisor.restart_if_possible(name).wait_done()
        return json_response(Success())

    @blueprint.post("/processes/<name>/signal")
    @describe(Success, body=WantedSignal, errors=(400, 404, 409, 500, 503))
    async def signal(name: str) -> Response:
        """Send a signal to a process or to its process group.

        A process that is ended by this signal counts as crashed.
        """
        wanted = read_body(WantedSignal, await request.get_data(cache=True, as_text=False, parse_form_data=False))
        supervisor.signal(name, signal_number("signal", wanted.signal), group=wanted.scope == "group")
        return json_response(Success())

    @blueprint.post("/processes/<name>/reset")
    @describe(Success, errors=(404, 409, 500, 503))
    async def reset(name: str) -> Response:
        """Run a process's `reset`, a command or an HTTP request; respond when it is done."""
        await supervisor.reset(name)
        return json_response(Success())

    return blueprint


def _measured(process: ProcessSnapshot, usage: dict[str, Usage]) -> ProcessSnapshot:
    """Return a snapshot with CPU and memory usage."""
    used = usage.get(process.name)
    if used is None:
        return process
    return msgspec.structs.replace(process, cpu_percent=used.cpu_percent, memory_bytes=used.memory_bytes)
