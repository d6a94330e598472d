"""`prox up` on a terminal: console output, summary and exit code.

Counterpart of ``app``, whose tree runs beneath it; ``startup`` has opened the instance.
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
from prox.core.config.doubtful import doubts
from prox.core.errors import NotReady, ProxError, TimedOut
from prox.core.logs.batch import SYSTEM
from prox.core.logs.query import LogFilter
from prox.core.runs.stack import harness_facts
from prox.instance.folder import LOG_FILE, InstanceFolder
from prox.owned_instance import end_killed_runs, end_left_behind
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
"""How long a terminal or pipe may accept no output at the end; the second: all that is left after a second signal."""
SPAWN_SECONDS = 2.0
"""The longest that `prox up -d` waits for the first spawns, in order to show those that failed."""
PRIVATE_GRACE_SECONDS = 2.0
"""How long the processes of a test suite that was killed may take to end."""
MAX_WARNINGS = 20
"""The most warnings that `prox up -d` shows."""
LEFT_SOMETHING = 70
"""The exit code if processes or ports are left after the stop (``cli.md``)."""


def run(instance: OpenInstance, options: UpOptions) -> int:
    """Run an instance until it is asked to end, and return the exit code.

    Raises UnknownProcess, with nothing started; and NotReady or TimedOut where ``options.wait`` waits for what does not
    become ready, with everything stopped again.
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
    # The server takes the socket over.
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
    """Return what prints the lines; in the background it rotates prox.log, which holds them."""
    logs, descriptor = config.logs, sys.stdout.fileno()
    if not is_output(log):
        only = SYSTEM if is_null(descriptor) else None
        return Console(descriptor, color=options.color, raw=options.raw, only=only)
    only = SYSTEM if logs.dir is False else None
    file = DaemonLog(log, max_size=logs.max_size, keep=logs.keep, root=Path(config.folder))
    return Console(descriptor, color=False, raw=options.raw, append=file.append, only=only)


async def _watch(supervisor: Supervisor) -> None:
    """Restart processes when files that they watch change, until cancelled."""
    while True:
        watches = supervisor.watches
        async with trio.open_nursery() as nursery:
            if watches:
                # Few projects have one, and its imports are slow.
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
    """Stay until everything is to stop; return the exit code that this calls for.

    Raises NotReady or TimedOut where ``options.wait`` waits for what does not become ready.
    """
    config = supervisor.config
    if supervisor.status != "stopping":
        _introduce(supervisor, folder, listeners)
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
        _tell(options.ready_fd, {"pid": os.getpid(), "url": supervisor.api_url, "warnings": warnings, **facts})
    if options.exit_when_done:
        return await _stay_until_done(supervisor)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_say_when_all_have_ended, supervisor)
        if timings:
            nursery.start_soon(_show_timings, supervisor, timings)
        await supervisor.wait_shutdown()
        nursery.cancel_scope.cancel()
    return 0


def _introduce(supervisor: Supervisor, folder: InstanceFolder, listeners: ProxyListeners | None) -> None:
    config, say = supervisor.config, supervisor.hub.system
    counts = (_count(len(config.processes), "process", "processes"), _count(len(config.jobs), "job", "jobs"))
    what = ", ".join(filter(None, counts))
    say(f"prox {__version__}: {supervisor.api_url}, {what}, {config.file or config.folder}")
    if listeners and config.proxy:
        urls = ", ".join(listeners.base_urls(config.proxy.domain))
        say(f"proxy: {urls}, services: {', '.join(config.services) or 'none'}")
    for doubt in doubts(config):
        say(f"warning: {doubt}")
    if folder.unlisted:
        say(f"warning: `prox list` cannot show this instance: {folder.unlisted}")


def _warnings(supervisor: Supervisor) -> list[str]:
    """Return the first warnings and failed starts, for `prox up -d`, which does not see the log."""
    said = supervisor.hub.select(LogFilter(processes=frozenset([SYSTEM]))).lines
    warnings = [line.text for line in said if line.text.startswith("warning: ") or " was not started: " in line.text]
    more = len(warnings) - MAX_WARNINGS
    return [*warnings[:MAX_WARNINGS], *([f"and {more} more; see `prox status`"] if more > 0 else [])]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


async def _wait_ready_or_keep(supervisor: Supervisor, options: UpOptions) -> None:
    """Wait until everything is ready. With ``--keep``, a failure is reported, and what runs goes on."""
    try:
        await _wait_ready(supervisor, options)
    except (NotReady, TimedOut) as error:
        if not options.keep:
            raise
        supervisor.hub.system(f"{error}; what runs is kept (--keep)")


async def _show_timings(supervisor: Supervisor, timings: Timings) -> None:
    """Show when each process became ready, once all are or can no longer become so."""
    with suppress(NotReady):
        await supervisor.wait_ready()
    for line in timings.lines():
        supervisor.hub.system(line)


async def _wait_ready(supervisor: Supervisor, options: UpOptions) -> None:
    timeout = options.wait_timeout if options.wait_timeout is not None else float("inf")
    if await wait_all_ready(supervisor, options.names or supervisor.autostarted, timeout):
        supervisor.hub.system("everything is ready")


async def _stay_until_done(supervisor: Supervisor) -> int:
    """Stay until no process runs any longer; return 1 where one failed, and nobody had asked for the end."""
    await supervisor.wait_all_down()
    if supervisor.status == "stopping":
        return 0
    supervisor.shutdown()
    return int(any(process.status == "crashed" for process in supervisor.processes()))


async def _say_when_all_have_ended(supervisor: Supervisor) -> None:
    """Say it once when no process runs any longer."""
    await supervisor.wait_all_down()
    if any(process.started_at or process.reason for process in supervisor.processes()):
        what = "all processes have ended; `prox start NAME` starts one again"
    else:
        what = "no process was started; `prox start NAME` starts one"
    supervisor.hub.system(f"{what}, Ctrl-C or `prox down` ends prox")


def _tell(descriptor: int | None, message: dict[str, object]) -> None:
    """Tell whoever started us in the background; it may be gone."""
    if descriptor is None:
        return
    try:
        os.write(descriptor, json.dumps(message).encode() + b"\n")
        os.close(descriptor)
    except OSError:
        return


def _summarize(supervisor: Supervisor) -> None:
    """Name what failed, as the last words."""
    for process in supervisor.processes():
        if process.status == "crashed":
            supervisor.hub.system(f"{process.name} crashed: {process.reason}")
