"""`prox up` in the foreground: console output, summary and exit code.

Runs the task tree of ``app`` in an instance opened by ``startup``.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from prox._version import __version__
from prox.app import log_files_of, run_tree
from prox.core.config.config_warnings import doubts
from prox.core.errors import NotReady, ProxError, TimedOut
from prox.core.logs.batch import SYSTEM
from prox.core.logs.query import LogFilter
from prox.core.runs.stack import harness_facts
from prox.instance.folder import LOG_FILE, InstanceFolder
from prox.killed_instances import end_killed_runs, end_left_behind
from prox.runtime.lifeline import watch_lifeline
from prox.runtime.readiness import wait_all_ready
from prox.runtime.supervisor import Supervisor
from prox.runtime.timings import Timings
from prox.sinks.console import Console
from prox.sinks.daemon_log import DaemonLog, is_output
from prox.sinks.output import is_null
from prox.system.children import reap_adopted
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from prox.core.config.model import Config
    from prox.proxy.listeners import ProxyListeners
    from prox.startup import OpenInstance, UpOptions

FLUSH_SECONDS, SECOND_SIGNAL_FLUSH_SECONDS = 5.0, 1.0
"""How long output may be blocked at the end; the second value: in all, after a second signal."""
SPAWN_SECONDS = 2.0
"""The time limit of `prox up -d` for the first spawns, whose failures it shows."""
PRIVATE_GRACE_SECONDS = 2.0
"""Grace period of a private instance's processes after its test suite was killed."""
MAX_WARNINGS = 20
"""The maximum number of warnings that `prox up -d` shows."""
LEFT_SOMETHING = 70
"""The exit code if processes still run, or ports are still taken, after the stop (``cli.md``)."""


def run(instance: OpenInstance, options: UpOptions) -> int:
    """Run an instance until it is stopped, and return the exit code.

    Raises UnknownProcess, before anything is started; with ``options.wait`` NotReady or TimedOut, after everything was
    stopped again.
    """
    supervisor = Supervisor(
        instance.config,
        folder=instance.folder.path,
        instance=instance.folder.instance,
        ports=instance.ports,
        early=instance.early,
    )
    supervisor.set_urls(dict(instance.urls))
    return trio.run(_up, supervisor, options, instance)


async def _up(supervisor: Supervisor, options: UpOptions, instance: OpenInstance) -> int:
    folder, sock, listeners, stop_signals = instance.folder, instance.sock, instance.listeners, instance.stop_signals
    # Before the server takes over the socket.
    address = sock.getsockname()[:2]
    console = _open_console(supervisor.config, options, folder.path / LOG_FILE)
    supervisor.hub.add_sink(console)
    code, failure = 0, None
    async with trio.open_nursery() as outer:
        await outer.start(stop_signals.run, supervisor)
        await outer.start(reap_adopted)
        outer.start_soon(instance.watchdog.keep_running, supervisor.hub.system)
        outer.start_soon(console.run)
        if options.watch:
            outer.start_soon(_watch, supervisor)
        if options.lifeline is not None:
            grace = PRIVATE_GRACE_SECONDS if options.private else None
            outer.start_soon(partial(watch_lifeline, options.lifeline, supervisor, grace=grace))
        try:
            if folder.unclean:
                await end_left_behind(folder.path, supervisor.hub.system)
            await end_killed_runs(folder.path, supervisor.hub.system)
            begin = partial(
                supervisor.begin, () if options.private else options.names or None, dependencies=not options.no_deps
            )
            files = log_files_of(supervisor, folder.path)
            timings = Timings(supervisor) if options.timings else None
            async with run_tree(supervisor, begin, sock, listeners, folder.path, files):
                code = await _serve_until_stopped(supervisor, options, folder, address, listeners, timings)
            _summarize(supervisor)
        except ProxError as error:
            failure = error
        with trio.CancelScope(shield=True), stop_signals.limit_after_second(SECOND_SIGNAL_FLUSH_SECONDS):
            await console.flush(FLUSH_SECONDS)
        outer.cancel_scope.cancel()
    if supervisor.leftovers:
        return LEFT_SOMETHING
    if stop_signals.second is not None:
        return 128 + stop_signals.second
    if failure is not None:
        raise failure
    return code


def _open_console(config: Config, options: UpOptions, log: Path) -> Console:
    """Return the console; in the background it writes to prox.log and rotates it."""
    logs, descriptor = config.logs, sys.stdout.fileno()
    if not is_output(log):
        only = SYSTEM if is_null(descriptor) else None
        return Console(descriptor, color=options.color, raw=options.raw, only=only)
    only = SYSTEM if logs.dir is False else None
    file = DaemonLog(log, max_size=logs.max_size, keep=logs.keep, root=Path(config.folder))
    return Console(descriptor, color=False, raw=options.raw, append=file.append, only=only)


async def _watch(supervisor: Supervisor) -> None:
    """Restart processes when their watched files change, until cancelled."""
    while True:
        watches = supervisor.watches
        async with trio.open_nursery() as nursery:
            if watches:
                # A late import: few projects use ``watch``, and the import is slow.
                watcher = await in_thread(import_module, "prox.runtime.watcher")
                folder = Path(supervisor.config.folder)
                nursery.start_soon(
                    watcher.watch_files, folder, watches, supervisor.restart_after_change, supervisor.hub.system
                )
            await supervisor.wait_watches_changed(watches)
            nursery.cancel_scope.cancel()


async def _serve_until_stopped(
    supervisor: Supervisor,
    options: UpOptions,
    folder: InstanceFolder,
    address: tuple[str, int],
    listeners: ProxyListeners | None,
    timings: Timings | None,
) -> int:
    """Wait until a shutdown is requested; return the exit code. With ``options.wait``, raises NotReady or TimedOut."""
    config = supervisor.config
    if supervisor.status != "stopping":
        _report_start(supervisor, folder, listeners)
        folder.write_state(
            host=address[0],
            port=address[1],
            config_file=config.file,
            started_at=supervisor.started_at,
        )
        if options.wait:
            await _wait_ready_or_keep(supervisor, options)
        if options.ready_fd is not None:
            with trio.move_on_after(SPAWN_SECONDS):
                await supervisor.wait_spawned()
        facts = harness_facts(config) if options.private else {}
        warnings = _warnings(supervisor)
        _send_ready(options.ready_fd, {"pid": os.getpid(), "url": supervisor.api_url, "warnings": warnings, **facts})
    if options.exit_when_done:
        return await _wait_until_done(supervisor)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_report_all_ended, supervisor)
        if timings:
            nursery.start_soon(_show_timings, supervisor, timings)
        await supervisor.wait_shutdown()
        nursery.cancel_scope.cancel()
    return 0


def _report_start(supervisor: Supervisor, folder: InstanceFolder, listeners: ProxyListeners | None) -> None:
    config, report = supervisor.config, supervisor.hub.system
    counts = (_count(len(config.processes), "process", "processes"), _count(len(config.jobs), "job", "jobs"))
    what = ", ".join(filter(None, counts))
    report(f"prox {__version__}: {supervisor.api_url}, {what}, {config.file or config.folder}")
    if listeners and config.proxy:
        urls = ", ".join(listeners.base_urls(config.proxy.domain))
        report(f"proxy: {urls}, services: {', '.join(config.services) or 'none'}")
    for doubt in doubts(config):
        report(f"warning: {doubt}")
    if folder.unlisted:
        report(f"warning: `prox list` cannot show this instance: {folder.unlisted}")


def _warnings(supervisor: Supervisor) -> list[str]:
    """Return the first warnings and failed starts, for `prox up -d`, which has no access to the log."""
    lines = supervisor.hub.select(LogFilter(processes=frozenset([SYSTEM]))).lines
    warnings = [line.text for line in lines if line.text.startswith("warning: ") or " was not started: " in line.text]
    more = len(warnings) - MAX_WARNINGS
    return [*warnings[:MAX_WARNINGS], *([f"and {more} more; see `prox status`"] if more > 0 else [])]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


async def _wait_ready_or_keep(supervisor: Supervisor, options: UpOptions) -> None:
    """Wait until everything is ready. With ``--keep``, report a failure and keep everything running."""
    try:
        await _wait_ready(supervisor, options)
    except (NotReady, TimedOut) as error:
        if not options.keep:
            raise
        supervisor.hub.system(f"{error}; keeping the running processes (--keep)")


async def _show_timings(supervisor: Supervisor, timings: Timings) -> None:
    """Show the timings once all processes are ready or one can no longer become ready."""
    with suppress(NotReady):
        await supervisor.wait_ready()
    for line in timings.lines():
        supervisor.hub.system(line)


async def _wait_ready(supervisor: Supervisor, options: UpOptions) -> None:
    timeout = options.wait_timeout if options.wait_timeout is not None else float("inf")
    if await wait_all_ready(supervisor, options.names or supervisor.autostarted, timeout):
        supervisor.hub.system("everything is ready")


async def _wait_until_done(supervisor: Supervisor) -> int:
    """Wait until all processes have ended; return 1 if one failed and no shutdown was requested, otherwise 0."""
    await supervisor.wait_all_down()
    if supervisor.status == "stopping":
        return 0
    supervisor.shutdown()
    return int(any(process.status == "crashed" for process in supervisor.processes()))


async def _report_all_ended(supervisor: Supervisor) -> None:
    """Report once that all processes have ended."""
    await supervisor.wait_all_down()
    if any(process.started_at or process.reason for process in supervisor.processes()):
        what = "all processes have ended; `prox start NAME` starts one again"
    else:
        what = "no process was started; `prox start NAME` starts one"
    supervisor.hub.system(f"{what}, Ctrl-C or `prox down` ends prox")


def _send_ready(descriptor: int | None, message: dict[str, object]) -> None:
    """Send the ready message to the `prox up -d` that started this instance; it may have exited."""
    if descriptor is None:
        return
    try:
        os.write(descriptor, json.dumps(message).encode() + b"\n")
        os.close(descriptor)
    except OSError:
        return


def _summarize(supervisor: Supervisor) -> None:
    """Report the crashed processes at the end."""
    for process in supervisor.processes():
        if process.status == "crashed":
            supervisor.hub.system(f"{process.name} crashed: {process.reason}")
