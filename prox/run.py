"""`prox run`: its task tree, output and record. Counterpart of ``foreground``.

The tree is that of ``app`` without the API: jobs, the processes that they need, and the proxy.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from prox._version import __version__
from prox.app import run_tree
from prox.core.config.units import format_duration
from prox.core.errors import ProxError
from prox.core.lifecycle import signal_name
from prox.core.logs.batch import timestamp
from prox.core.runs.plan import RunPlan
from prox.core.runs.record import SUCCEEDED, RunRecord
from prox.core.runs.verdict import exit_code_of
from prox.instance.folder import FOLDER, InstanceFolder
from prox.instance.runs import new_run_folder
from prox.killed_instances import end_killed_runs
from prox.proxy.listeners import listen_for
from prox.runtime.borrowed import NOTHING_BORROWED
from prox.runtime.lifeline import watch_lifeline
from prox.runtime.real_platform import real_platform
from prox.runtime.signals import StopSignals
from prox.runtime.supervisor import Supervisor
from prox.runtime.watchdog import Watchdog, watch_list
from prox.sinks.block_printer import BlockPrinter
from prox.sinks.ci import Block
from prox.sinks.console import Console
from prox.sinks.files import LogFiles
from prox.system.children import become_subreaper, reap_adopted
from prox.system.spawn_limits import raise_descriptor_limit, reset_inherited_signals
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container

    from prox.core.config.model import Config
    from prox.core.runs.plan import OnFailure
    from prox.core.runs.record import JobRecord
    from prox.proxy.listeners import ProxyListeners
    from prox.runtime.borrowed import BorrowedProcesses
    from prox.runtime.job_runner import JobRunner
    from prox.sinks.ci import CiName

FLUSH_SECONDS, SECOND_SIGNAL_FLUSH_SECONDS = 10.0, 1.0
"""How long output may be blocked at the end; the second value: in all, after a second signal."""
HEARTBEAT_SECONDS = 30.0
LEFT_SOMETHING = 70
_UNLIMITED = 1 << 62
_LOGS = "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The command-line options of `prox run`. Times are in seconds; ``lifeline`` is a descriptor.

    ``ci``: print the output in blocks for this CI system; None: print each line at once. ``watch_borrowed``: marks
    borrowed processes that have ended, until cancelled. ``summarize``: returns the text to print at the end.
    """

    requested: tuple[str, ...]
    slots: int
    summarize: Callable[[RunRecord], bytes]
    on_failure: OnFailure = "finish"
    timeout: float | None = None
    ci: CiName | None = None
    raw: bool = False
    color: bool = False
    status_line: bool = False
    lifeline: int | None = None
    with_proxy: bool = True
    borrowed: BorrowedProcesses = NOTHING_BORROWED
    watch_borrowed: Callable[[], Awaitable[None]] | None = None


def run_jobs(config: Config, options: RunOptions) -> RunRecord:
    """Run jobs with their dependencies, and return the record of the run, which the caller must save.

    Raises PortTaken, UnknownProcess, FolderRefused, before anything is started.
    """
    stop_signals = StopSignals()
    stop_signals.catch()
    reset_inherited_signals()
    raise_descriptor_limit()
    with ExitStack() as stack:
        path = new_run_folder(Path(config.folder, FOLDER))
        folder = stack.enter_context(InstanceFolder(path, listed=False))
        proxied = options.with_proxy and config.proxy is not None and config.proxy.enabled
        listeners = stack.enter_context(listen_for(config.proxy)) if proxied and config.proxy else None
        watchdog = stack.enter_context(Watchdog(watch_list(config, folder)))
        return trio.run(_run, config, options, folder, listeners, stop_signals, watchdog)


async def _run(
    config: Config,
    options: RunOptions,
    folder: InstanceFolder,
    listeners: ProxyListeners | None,
    stop_signals: StopSignals,
    watchdog: Watchdog,
) -> RunRecord:
    begun = trio.current_time()
    supervisor = Supervisor(
        config,
        folder=folder.path,
        instance=folder.instance,
        platform=options.borrowed.platform(real_platform()),
        ports=options.borrowed.ports,
    )
    supervisor.set_urls(dict(options.borrowed.urls))
    plan = RunPlan(requested=options.requested, slots=options.slots, on_failure=options.on_failure)
    runner = supervisor.open_runner(plan)
    files = LogFiles(
        folder.path / _LOGS,
        max_size=_UNLIMITED,
        keep=0,
        report=supervisor.hub.system,
        name_of=lambda name: _log_name(name, runner.attempt(name)),
        root=Path(config.folder),
    )
    printer = _open_printer(options, folder.path / _LOGS, runner)
    supervisor.hub.add_sink(printer)
    become_subreaper()
    timed_out, failure = False, None
    async with trio.open_nursery() as outer:
        await outer.start(stop_signals.run, supervisor)
        await outer.start(reap_adopted)
        outer.start_soon(watchdog.keep_running, supervisor.hub.system)
        outer.start_soon(printer.run)
        if options.ci is not None:
            outer.start_soon(_show_heartbeat, supervisor, runner)
        if options.lifeline is not None:
            outer.start_soon(watch_lifeline, options.lifeline, supervisor)
        if options.watch_borrowed is not None:
            outer.start_soon(options.watch_borrowed)
        await end_killed_runs(folder.path.parent.parent, supervisor.hub.system)
        try:
            async with run_tree(supervisor, runner.begin, None, listeners, folder.path, files):
                timed_out = await _wait_done(runner, options.timeout)
        except ProxError as error:
            failure = error
        else:
            run_files = _Files(folder.path, config, supervisor.started_at, options.borrowed.children)
            signal = stop_signals.second if stop_signals.second is not None else stop_signals.first
            record = await in_thread(
                _record, supervisor, runner, run_files, options, signal, timed_out, trio.current_time() - begun
            )
            printer.print(options.summarize(record))
        with trio.CancelScope(shield=True), stop_signals.limit_after_second(SECOND_SIGNAL_FLUSH_SECONDS):
            await printer.flush(FLUSH_SECONDS)
        outer.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return record


def _record(
    supervisor: Supervisor,
    runner: JobRunner,
    files: _Files,
    options: RunOptions,
    signal: int | None,
    timed_out: bool,
    duration: float,
) -> RunRecord:
    """Return the record of a run. Reads files: call in a thread."""
    jobs, processes = runner.jobs(files), runner.processes(files)
    code = exit_code_of(jobs, processes, signal=signal, timed_out=timed_out)
    return RunRecord(
        id=files.folder.name,
        prox_version=__version__,
        config_file=files.config.file,
        folder=str(files.folder),
        started_at=timestamp(supervisor.started_at),
        duration=round(duration, 3),
        exit_code=code or (LEFT_SOMETHING if supervisor.leftovers else 0),
        ended_by_signal=signal_name(signal) if signal is not None else None,
        timed_out=timed_out,
        slots=options.slots,
        jobs=tuple(jobs),
        processes=tuple(processes),
        critical_path=runner.critical_path(),
    )


async def _wait_done(runner: JobRunner, seconds: float | None) -> bool:
    """Wait until each job has a result; return whether the run exceeded ``seconds``."""
    with trio.move_on_after(seconds if seconds is not None else float("inf")) as limit:
        await runner.wait_done()
    if limit.cancelled_caught and seconds is not None:
        runner.stop(f"the run took longer than {format_duration(seconds)}")
        await runner.wait_done()
    return limit.cancelled_caught


async def _show_heartbeat(supervisor: Supervisor, runner: JobRunner) -> None:
    while True:
        await trio.sleep(HEARTBEAT_SECONDS)
        if running := _running(runner):
            supervisor.hub.system(f"running: {running}")


def _running(runner: JobRunner) -> str:
    return ", ".join(f"{name} ({seconds:.0f} s)" for name, seconds in runner.running())


# -- output


def _open_printer(options: RunOptions, logs: Path, runner: JobRunner) -> Console | BlockPrinter:
    fd = sys.stdout.fileno()
    if options.ci is None:
        footer = partial(_status_line, fd, runner) if options.status_line else None
        return Console(fd, color=options.color, raw=options.raw, footer=footer)
    printer = BlockPrinter(fd, options.ci, raw=options.raw)

    def show(name: str) -> None:
        if attempts := runner.attempt(name):
            paths = [logs / f"{_log_name(name, number)}.log" for number in range(1, attempts + 1)]
            printer.add_block(_block(runner.job(name)), paths)

    runner.listeners.append(show)
    return printer


def _block(job: JobRecord) -> Block:
    ran = f" in {job.ended - job.started:.1f} s" if job.ended is not None and job.started is not None else ""
    why = f": {job.reason}" if job.reason else ""
    failed = job.result not in SUCCEEDED
    error = f"{job.name} {job.result}{why}" if job.counts_as_failure else None
    return Block(job.name, f"{job.name} {job.result}{ran}{why}", failed, error)


def _status_line(fd: int, runner: JobRunner) -> bytes:
    """Return a line with the running jobs, cut to the width of the terminal."""
    try:
        width = os.get_terminal_size(fd).columns
    except OSError:
        width = 80
    running = _running(runner)
    return f"\x1b[2m{f'running: {running}'[: width - 1]}\x1b[0m".encode() if running else b""


# -- files


def _log_name(name: str, attempt: int) -> str:
    """Return the name of a log file, without suffix. Each attempt of a job from the second on has its own."""
    return f"{name}.{attempt}" if attempt > 1 else name


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a run. ``since``: its start, in seconds since the epoch."""

    folder: Path
    config: Config
    since: float
    borrowed: Container[str] = ()

    def log_of(self, name: str, attempt: int) -> str | None:
        path = Path(_LOGS, f"{_log_name(name, attempt)}.log")
        return str(path) if (self.folder / path).exists() else None

    def junit_of(self, job: str) -> tuple[str, ...]:
        pattern = self.config.jobs[job].junit
        if pattern is None:
            return ()
        found = sorted(glob(pattern, root_dir=self.config.folder, recursive=True))
        return tuple(str(path) for each in found if self._is_new(path := Path(self.config.folder, each)))

    def _is_new(self, path: Path) -> bool:
        """Return whether a file was written during this run, allowing for a coarse clock of the file system."""
        try:
            return path.is_file() and path.stat().st_mtime >= self.since - 1
        except OSError:
            return False

    def is_borrowed(self, process: str) -> bool:
        return process in self.borrowed
